"""Gestures: what is refused, windows, and what makes others of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.errors import BagError
from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.pipeline.recipes import gestures


def recording(seconds: float = 1.45, **changes: Any) -> dict[str, Any]:
    """Return events all over the sensor, 20 a millisecond."""
    generator = np.random.default_rng(0)
    t_us = np.arange(0, round(seconds * 1e6), 50, dtype=np.uint32)
    return {
        "x": generator.integers(0, 128, t_us.size).astype(np.uint8),
        "y": generator.integers(0, 128, t_us.size).astype(np.uint8),
        "p": np.ones(t_us.size, np.uint8),
        "t_us": t_us,
        "width": np.array(128),
        "height": np.array(128),
        "label": np.array("arm_roll"),
    } | changes


def written(path: Path, content: dict[str, Any]) -> Path:
    np.savez(path, **content)
    return path


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"width": np.array(240), "height": np.array(180)}, r"camera \(180, 240\)"),
        ({"label": np.array("juggling")}, "'juggling' is none of hand_clap"),
        ({"label": np.array([{}], object)}, "no recording with a label"),
        ({"x": np.zeros(3, np.uint8)}, "differ in length"),
    ],
)
def test_other_recordings_are_refused(
    tmp_path: Path, changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises((LearningError, BagError), match=complaint):
        gestures.read(written(tmp_path / "a.npz", recording(**changes)))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04"])
def test_files_that_are_none_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    for each in (path, tmp_path / "missing.npz"):
        with pytest.raises(LearningError, match="no recording with a label"):
            gestures.read(each)


def test_a_recording_without_a_label_or_too_short_is_told(tmp_path: Path) -> None:
    content = recording()
    del content["label"]
    with pytest.raises(LearningError, match="no recording with a label"):
        gestures.read(written(tmp_path / "a.npz", content))
    with pytest.raises(LearningError, match="no recording lasts"):
        gestures.read(written(tmp_path / "b.npz", recording(seconds=0.25)))
    nothing = {name: np.zeros(0, np.uint8) for name in "xyp"}
    empty = recording(**nothing, t_us=np.zeros(0, np.uint32))
    with pytest.raises(LearningError, match="no recording lasts"):
        gestures.read(written(tmp_path / "c.npz", empty))


def test_windows_of_the_two_parts_share_no_event(tmp_path: Path) -> None:
    labelled = gestures.read(written(tmp_path / "a.npz", recording()))
    assert labelled.label.tolist() == [gestures.CLASSES.index("arm_roll")] * 12
    assert labelled.group.tolist() == [gestures.TRAINED] * 9 + [gestures.HELD_OUT] * 3
    assert gestures.folds(labelled, 0)[0].tolist() == [False] * 9 + [True] * 3
    spikes = gestures._seen([*gestures.open_event_npz(tmp_path / "a.npz")])
    border_ns = round(0.7 * (int(spikes.time_ns[-1]) + 1))
    last = spikes.between(800_000_000, 1_000_000_000)
    assert labelled.content[8].address.tolist() == last.address.tolist()
    first = spikes.between(border_ns, border_ns + gestures.WINDOW_NS)
    assert labelled.content[9].address.tolist() == first.address.tolist()
    assert border_ns > 1_000_000_000


def test_windows_are_of_the_ticks_of_the_network(tmp_path: Path) -> None:
    for name in ("a", "b"):
        written(tmp_path / f"{name}.npz", recording())
    samples = gestures.encode(gestures.read(tmp_path))
    assert samples.inputs.shape == (24, 20, 2, 32, 32)
    assert samples.inputs[1].sum(axis=(1, 2, 3)).min() > 0
    # Four events of a cell make one.
    assert samples.inputs[1].sum() == pytest.approx(20 * 200 / 4, rel=0.1)


def test_variants_are_shifted_and_thinned(tmp_path: Path) -> None:
    inputs = gestures.encode(gestures.read(written(tmp_path / "a.npz", recording()))).inputs
    made = gestures.augment(inputs, np.random.default_rng(0))
    assert made.dtype == np.uint8
    assert made.shape == inputs.shape
    assert np.all(made.sum(axis=(1, 2, 3, 4)) < inputs.sum(axis=(1, 2, 3, 4)))
    assert np.array_equal(made, gestures.augment(inputs, np.random.default_rng(0)))
    lone = np.zeros((50, 1, 2, 32, 32), np.uint8)
    lone[..., 1, 16, 16] = 1
    shifted = gestures.augment(lone, np.random.default_rng(1))
    _, _, polarity, row, column = np.nonzero(shifted)
    assert set(polarity) == {1}
    assert set(row) == set(column) == set(range(13, 20))
