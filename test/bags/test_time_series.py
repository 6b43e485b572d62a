"""Files of the UEA archive."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuromorphic_ros.bags.time_series import read_time_series
from neuromorphic_ros.errors import BagError

HEAD = "#comment\n@problemName x\n@classLabel true Walk Run\n@data\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "series.ts"
    path.write_text(text, encoding="utf-8")
    return path


def test_cases_channels_and_labels(tmp_path: Path) -> None:
    series = read_time_series(written(tmp_path, HEAD + "1,2,3:4,5,6:Run\n\n7,8,9:0,-1,1e-3:Walk\n"))
    assert series.values.tolist() == [[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [0, -1, 1e-3]]]
    assert series.label.tolist() == [1, 0]
    assert series.classes == ("Walk", "Run")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no labelled series"),
        (HEAD, "no labelled series"),
        ("@data\n1,2:Run\n", "line 2: there is no head"),
        ("@classLabel false\n@data\n1,2:Run\n", "line 3: there is no head"),
        (HEAD + "1,2:Fly\n", "line 5: label 'Fly'"),
        (HEAD + "1,2:3:Run\n", "line 5: not numbers"),
        (HEAD + "1,x:Run\n", "line 5: not numbers"),
        (HEAD + "1,?:Run\n", "line 5: not numbers"),
        (HEAD + "1,nan:Run\n", "line 5: no samples, or some that are missing"),
        (HEAD + "Run\n", "line 5: no samples"),
        (HEAD + ":Run\n", "line 5: not numbers"),
        (HEAD + "1,2:Run\n1,2,3:Run\n", "line 6: a case of"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(BagError, match=complaint):
        read_time_series(written(tmp_path, text))


def test_a_missing_file_or_a_folder_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.ts"):
        with pytest.raises(BagError, match="cannot be read"):
            read_time_series(path)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=200), st.booleans())
def test_rubbish_is_refused_or_read(tmp_path: Path, rubbish: bytes, with_head: bool) -> None:
    path = tmp_path / "series.ts"
    path.write_bytes(HEAD.encode() * with_head + rubbish)
    with contextlib.suppress(BagError):
        assert np.isfinite(read_time_series(path).values).all()


@pytest.mark.data
def test_the_watch_of_the_archive(shared_data: Path) -> None:
    series = read_time_series(shared_data / "imu_basicmotions" / "BasicMotions_TRAIN.ts")
    assert series.values.shape == (40, 6, 100)
    assert series.classes == ("Standing", "Running", "Walking", "Badminton")
    assert np.bincount(series.label).tolist() == [10] * 4
    assert series.values[0, 0, :3].tolist() == [0.079106, 0.079106, -0.903497]
