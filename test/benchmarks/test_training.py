from __future__ import annotations

import importlib.util
import json

import pytest

torch = pytest.importorskip("torch")

import training  # noqa: E402

WORK = training.Work((40, 30, 20, 4), batch=3, ticks=6)


@pytest.fixture(autouse=True)
def _one_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "ROUNDS", 1)


def test_a_row_compares_with_the_peer_where_there_is_one() -> None:
    row = training.measure_one(WORK)
    compared = importlib.util.find_spec("snntorch") is not None
    assert ("ours/snntorch" in row) == compared
    assert row["network"] == "40-30-20-4"
    assert row["ours_ms"] > 0
    assert json.loads(json.dumps(row)) == row


def test_every_layer_fires_and_is_trained() -> None:
    side = training.ours(WORK)
    spikes = torch.ones(WORK.ticks, WORK.batch, WORK.sizes[0])
    before = [parameter.clone() for parameter in side.parameters]
    training.step_of(side, spikes, torch.zeros(WORK.batch, dtype=torch.long))()
    assert [tuple(weight.shape) for weight in before] == [(40, 30), (30, 20), (20, 4)]
    for weight, trained in zip(before, side.parameters, strict=True):
        assert not torch.equal(weight, trained)


def test_snntorch_fires_the_same_and_has_the_same_gradient() -> None:
    pytest.importorskip("snntorch")
    ours = training.ours(WORK)
    theirs = training.snntorch_with(ours.parameters)
    generator = torch.Generator().manual_seed(1)
    spikes = (torch.rand(WORK.ticks, WORK.batch, WORK.sizes[0], generator=generator) < 0.3).float()
    fired = [side.forward(spikes) for side in (ours, theirs)]
    assert fired[0].sum() > 0
    assert torch.equal(*fired)
    for output in fired:
        output.sum().backward()
    for one, other in zip(ours.parameters, theirs.parameters, strict=True):
        torch.testing.assert_close(one.grad, other.grad.T)
