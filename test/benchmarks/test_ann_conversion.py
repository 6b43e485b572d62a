from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("torch")

import ann_conversion

from neuromorphic_ros.pipeline.ann_conversion import TARGETS
from neuromorphic_ros.pipeline.labelled_vectors import LabelledVectors


def test_a_network_is_measured_as_every_target_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    generator, label = np.random.default_rng(0), np.arange(60) % 2
    images = generator.uniform(0, 3, (60, 64)).astype(np.float32)
    images[label == 0, :32] += 13
    images[label == 1, 32:] += 13
    monkeypatch.setattr(ann_conversion, "data_path", lambda _: None)
    monkeypatch.setattr(
        ann_conversion, "read_vectors", lambda *_: LabelledVectors(images, label.astype(np.int64))
    )
    monkeypatch.setattr(ann_conversion, "EPOCHS", 40)
    found = dict(ann_conversion.found("dense", 8, 0))
    assert list(found) == list(TARGETS)
    for right in found.values():
        assert right.conventional == right.samples == right.by_ticks[-1] == 12


def test_seeds_count_together() -> None:
    rights = [
        ann_conversion.Right(3, np.full(64, 2), 4),
        ann_conversion.Right(4, np.r_[0, np.full(63, 4)], 4),
    ]
    row = ann_conversion.row("dense", "relu", "loihi2", rights)
    assert (row["samples"], row["conventional"]) == (8, "87.5 %")
    assert (row["1 ticks"], row["64 ticks"]) == ("25.0 %", "75.0 %")
    assert json.loads(json.dumps(row)) == row
