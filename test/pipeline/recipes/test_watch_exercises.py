"""Series of a watch: what is refused, windows, spikes and mirrors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.pipeline.recipes import watch_exercises as watch


def series(**changes: Any) -> dict[str, Any]:
    """Return two series, of 800 and 650 rows."""
    generator = np.random.default_rng(0)
    return {
        "X": generator.normal(0, 0.5, (1450, 6)).astype(np.float32),
        "offset": np.array([0, 800, 1450]),
        "y": np.array([0, 6]),
        "subject": np.array([1, 2]),
        "side": np.array([0.0, 1.0]),
    } | changes


def written(path: Path, content: dict[str, Any]) -> Path:
    file = path / "watch.npz"
    np.savez(file, **content)
    return file


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"X": np.zeros((1450, 5))}, r"X is \(1450, 5\)"),
        ({"X": np.full((1450, 6), np.inf)}, "not finite"),
        ({"offset": np.array([0, 800, 1451])}, "breaks off"),
        ({"offset": np.array([0, 1451, 1450])}, "decreases"),
        ({"offset": np.array([0, 1450])}, "offsets"),
        ({"y": np.array([0, 7])}, "y is 0 to 7"),
        ({"side": np.zeros(3)}, "sides"),
        ({"y": np.array(["a", "b"])}, "no file of watch exercises"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(LearningError, match=complaint):
        watch.read(written(tmp_path, series(**changes)))


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "watch.npz"
    path.write_bytes(b"rubbish")
    with pytest.raises(LearningError, match="no file of watch exercises"):
        watch.read(path)


def test_series_that_are_too_short_are_told(tmp_path: Path) -> None:
    labelled = watch.read(written(tmp_path, series()))
    short = labelled._replace(content=[each[:599] for each in labelled.content])
    with pytest.raises(LearningError, match="12 s"):
        watch.encode(short)


def test_windows_overlap_by_two_thirds_and_carry_their_class(tmp_path: Path) -> None:
    samples = watch.encode(watch.read(written(tmp_path, series())))
    assert samples.inputs.shape == (4, 150, 2, 34)
    assert samples.label.tolist() == [0, 0, 0, 6]
    assert np.array_equal(samples.inputs[0, 50:], samples.inputs[1, :100])
    assert not np.array_equal(samples.inputs[0], samples.inputs[1])


def test_a_series_gives_the_same_windows_beside_a_short_one(tmp_path: Path) -> None:
    labelled = watch.read(written(tmp_path, series()))
    beside = labelled._replace(content=[labelled.content[0], np.zeros((0, 6))])
    alone = labelled.take(np.array([True, False]))
    assert np.array_equal(watch.encode(beside).inputs, watch.encode(alone).inputs)


def test_a_left_arm_is_read_as_a_right_one(tmp_path: Path) -> None:
    rows = np.array([1.0, 0.2, 0.3, 0.4, 0.5, 0.6])
    moved = np.tile(rows, (1450, 1))
    moved[800:] *= watch.MIRROR
    right, left = watch.read(written(tmp_path, series(X=moved))).content
    assert np.allclose(right[0], left[0])


def test_each_subject_is_held_out_once(tmp_path: Path) -> None:
    labelled = watch.read(written(tmp_path, series()))
    assert [fold.tolist() for fold in watch.folds(labelled, 0)] == [[True, False], [False, True]]


@given(st.floats(-2.0, 2.0), st.integers(0, 33))
def test_spikes_come_at_the_rate_of_a_statistic(relative: float, place: int) -> None:
    statistics = np.tile(watch.CENTRES, (200, 1))
    statistics[:, place] += relative * watch.RANGES[place]
    fired = watch.fire(statistics)
    assert fired.max() <= 1
    told = fired.sum(axis=0, dtype=np.int64)
    expected = np.zeros((2, 34))
    expected[0 if relative > 0 else 1, place] = 200 * min(abs(relative), 1.0)
    assert np.all(np.abs(told - expected) <= 0.5 + 1e-6)
