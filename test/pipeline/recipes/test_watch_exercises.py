"""Series of a watch: what is refused, windows, mirrors and variants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.pipeline.recipes import watch_exercises as watch


def series(**changes: Any) -> dict[str, Any]:
    """Return two series, of 300 and 250 rows."""
    generator = np.random.default_rng(0)
    return {
        "X": generator.normal(0, 0.5, (550, 6)).astype(np.float32),
        "offset": np.array([0, 300, 550]),
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
        ({"X": np.zeros((550, 5))}, r"X is \(550, 5\)"),
        ({"X": np.full((550, 6), np.inf)}, "not finite"),
        ({"offset": np.array([0, 300, 551])}, "breaks off"),
        ({"offset": np.array([0, 551, 550])}, "decreases"),
        ({"offset": np.array([0, 550])}, "offsets"),
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
    short = labelled._replace(content=[each[:150] for each in labelled.content])
    with pytest.raises(LearningError, match="4 s"):
        watch.encode(short)


def test_windows_overlap_by_half_and_carry_their_class(tmp_path: Path) -> None:
    samples = watch.encode(watch.read(written(tmp_path, series())))
    assert samples.inputs.shape == (3, 100, 6, 12)
    assert samples.label.tolist() == [0, 0, 6]
    assert np.array_equal(samples.inputs[0, 50:], samples.inputs[1, :50])
    assert np.all(samples.inputs.sum(axis=3) == 1)


def test_a_left_arm_is_read_as_a_right_one(tmp_path: Path) -> None:
    rows = np.array([1.0, 0.2, 0.3, 0.4, 0.5, 0.6])
    moved = np.tile(rows, (550, 1))
    moved[300:] *= watch.MIRROR
    right, left = watch.read(written(tmp_path, series(X=moved))).content
    assert np.allclose(right[0], left[0])


def test_each_subject_is_held_out_once(tmp_path: Path) -> None:
    labelled = watch.read(written(tmp_path, series()))
    assert [fold.tolist() for fold in watch.folds(labelled, 0)] == [[True, False], [False, True]]


def test_the_field_that_answers_follows_the_value() -> None:
    rising = np.linspace(-2.5, 2.5, 50)[:, None] * np.ones(6)
    field = watch.fields_of(rising)[:, 0].argmax(axis=1)
    assert np.all(np.diff(field) >= 0)
    assert (field[0], field[-1]) in {(0, 10), (0, 11), (1, 10), (1, 11)}


def test_variants_are_other_windows_of_the_same_classes(tmp_path: Path) -> None:
    labelled = watch.read(written(tmp_path, series()))
    one, other = watch.train(labelled, 0), watch.train(labelled, 1)
    again = watch.train(labelled, 0)
    assert np.array_equal(one.inputs, again.inputs)
    assert one.inputs.shape != other.inputs.shape or not np.array_equal(one.inputs, other.inputs)
    assert set(one.label) == {0, 6}
    assert one.size > 3 * watch.encode(labelled).size
