from __future__ import annotations

import json

import pytest
import streaming
from peers.kernel import build
from peers.works import Work, compared, scaled

WORKS = [*compared(0.05), *scaled(0.05)]


@pytest.fixture(autouse=True)
def _one_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "ROUNDS", 1)


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.name)
def test_the_engine_and_c_give_the_answer(work: Work) -> None:
    row = streaming.measure(work, build(), ())
    assert row["spikes_equal"]
    assert row["work"] == work.name
    assert row["peers"] == {}
    assert min(row["ours_us"], row["ours_many_us"], row["c_us"]) > 0
    assert json.loads(json.dumps(row)) == row


def test_another_answer_is_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    work = WORKS[1]
    wrong = work._replace(answer=[*work.answer[:-1], work.answer[-1][1:]])
    assert not streaming.measure(wrong, None, ())["spikes_equal"]
    assert "robot at 5%: ours fires otherwise" in capsys.readouterr().err


def test_large_layers_agree_in_all_precisions() -> None:
    rows = list(streaming.measure_large(1000, 0.1))
    assert [row["work"] for row in rows] == ["large_float32", "large_int8"]
    assert all(row["spikes_equal"] and row["neuron_activity"] > 0 for row in rows)
    assert rows[1]["bytes_per_synapse"] < rows[0]["bytes_per_synapse"]


def test_the_table_compares_with_the_best_peer() -> None:
    row = {"ours_us": 2.0, "c_us": 1.0, "peers": {"norse": 100.0, "sinabs": 200.0}}
    assert streaming.shown(row) == {
        "ours_us": 2.0,
        "c_us": 1.0,
        "ours/c": 2.0,
        "best_peer/ours": 50.0,
        "norse": 100.0,
        "sinabs": 200.0,
    }
