"""Checkpoints: refused when they are of something else, and gone on from to the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuromorphic_ros.learning.samples import LearningError

pytest.importorskip("torch")
pytest.importorskip("safetensors")

from neuromorphic_ros.learning.checkpoint import (
    fingerprint,
    load_checkpoint,
    save_checkpoint,
)
from neuromorphic_ros.learning.surrogate import (
    SurrogateTraining,
    Work,
    advance,
    start,
)

from .networks import network, samples

TASK = Work(network(), samples(), SurrogateTraining(epochs=4, batch=8), validation=samples(10, 1))


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "training.safetensors"
    save_checkpoint(path, fingerprint(TASK), advance(TASK, start(TASK)))
    return path


@pytest.mark.parametrize("content", [b"", b"\x80\x04rubbish", b"\xff" * 64, None])
def test_rubbish_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "training.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LearningError, match=r"training\.safetensors cannot be read"):
        load_checkpoint(path, fingerprint(TASK), start(TASK))


def test_a_file_that_breaks_off_is_refused(checkpoint: Path) -> None:
    checkpoint.write_bytes(checkpoint.read_bytes()[:-7])
    with pytest.raises(LearningError, match="cannot be read"):
        load_checkpoint(checkpoint, fingerprint(TASK), start(TASK))


@pytest.mark.parametrize(
    "other",
    [
        TASK._replace(parameters=SurrogateTraining(epochs=4, batch=8, seed=1)),
        TASK._replace(samples=samples(seed=5)),
        TASK._replace(validation=None),
        TASK._replace(spec=network(hidden=13)),
    ],
)
def test_of_something_else_it_is_refused(checkpoint: Path, other: Work) -> None:
    with pytest.raises(LearningError, match="another network, data, seed or parameters"):
        load_checkpoint(checkpoint, fingerprint(other), start(other))


def test_tensors_that_are_missing_are_told(checkpoint: Path) -> None:
    larger = TASK._replace(spec=network(hidden=13))
    with pytest.raises(LearningError, match="lacks weights"):
        load_checkpoint(checkpoint, fingerprint(TASK), start(larger))


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LearningError, match="cannot be written"):
        save_checkpoint(tmp_path / "file" / "x", fingerprint(TASK), start(TASK))


def test_training_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    of, one, other = fingerprint(TASK), tmp_path / "one", tmp_path / "other"
    straight = start(TASK)
    for _ in range(3):
        straight = advance(TASK, straight)
    save_checkpoint(one, of, straight)
    state = start(TASK)
    for _ in range(3):
        save_checkpoint(other, of, advance(TASK, state))
        state = load_checkpoint(other, of, start(TASK))
    assert one.read_bytes() == other.read_bytes()
    assert state.history == straight.history
    assert sorted(tmp_path.iterdir()) == [one, other]
