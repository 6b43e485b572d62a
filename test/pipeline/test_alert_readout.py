from __future__ import annotations

import numpy as np
import pytest

from neuromorphic_ros.bags.typestore import serialize, to_message
from neuromorphic_ros.decoding.alert import AlertParameters, Level
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.pipeline.alert_readout import Alert, AlertReadout, health
from neuromorphic_ros.pipeline.outputs import alert_messages
from neuromorphic_ros.pipeline.tuning import ParameterError, tune
from neuromorphic_ros.spikes import SpikeBatch

MS = 1_000_000
STEP_MS = 20
PARAMETERS = AlertParameters(
    warning_hz=100.0, critical_hz=400.0, min_duration_ms=0.0, tau_ms=20.0, conditions="warm, damp"
)


@pytest.fixture
def readout() -> AlertReadout:
    return AlertReadout("watch", "novelty", PARAMETERS, (2,), MS)


def decided(readout: AlertReadout, start_ms: int, row: int | None = None) -> Alert | None:
    """Decide after a step in which a neuron fires in every tick, or none does."""
    times = np.arange(start_ms, start_ms + STEP_MS if row is not None else start_ms) * MS
    spikes = SpikeBatch((2,), np.full(times.size, row or 0, np.uint32), times)
    return readout.decide(spikes, start_ms * MS, (start_ms + STEP_MS) * MS)


def run(
    readout: AlertReadout, start_ms: int, stop_ms: int, row: int | None = None
) -> list[tuple[int, Level, str]]:
    """Return time [ms], level and message of what is told."""
    found = [decided(readout, at, row) for at in range(start_ms, stop_ms, STEP_MS)]
    return [(each.stamp_ns // MS, each.level, each.message) for each in found if each]


def test_changes_are_told_at_once_and_what_holds_once_per_second(readout: AlertReadout) -> None:
    assert run(readout, 0, 2000) == [(20, 0, ""), (1020, 0, "")]
    assert run(readout, 2000, 3100, row=1) == [(2020, 2, "damp"), (3020, 2, "damp")]
    assert [level for _, level, _ in run(readout, 3100, 3300)] == [1, 0]


def test_spikes_fade_over_a_time_in_which_nothing_was_decided(readout: AlertReadout) -> None:
    run(readout, 0, 1000, row=0)
    after = decided(readout, 60_000)
    assert after
    assert (after.level, after.score) == (Level.NORMAL, pytest.approx(0.0, abs=1e-6))


def test_a_span_before_is_a_new_start(readout: AlertReadout) -> None:
    assert run(readout, 5000, 5040, row=0)[0][1] == Level.CRITICAL
    assert run(readout, 0, 20) == [(20, 0, "")]


def test_thresholds_change_while_it_runs(readout: AlertReadout) -> None:
    run(readout, 0, 400, row=0)
    tune(readout.tunables, {"alert.critical_hz": 5000.0, "alert.warning_hz": 100})
    assert [level for _, level, _ in run(readout, 400, 420, row=0)] == [Level.WARNING]
    with pytest.raises(ParameterError, match=r"'a, b, c' are 3, but a population of \(2,\) has 2"):
        tune(readout.tunables, {"alert.conditions": "a, b, c"})
    tune(readout.tunables, {"alert.conditions": "anything"})
    assert [message for _, _, message in run(readout, 420, 1500, row=0)] == ["anything"]


def test_conditions_that_do_not_fit_are_refused() -> None:
    with pytest.raises(NetworkError, match="has 3 rows"):
        AlertReadout("watch", "novelty", PARAMETERS, (3,), MS)


def test_the_message_is_an_alert_with_the_levels_of_its_definition() -> None:
    found = Alert(40 * MS, Level.CRITICAL, "watch", 12.5, "damp")
    (message,) = alert_messages(found, "hall")
    assert (message.topic, message.stamp_ns) == ("alert", 40 * MS)
    alert = to_message(message.type, message.fields)
    assert serialize(message.type, alert)
    assert alert.level == alert.CRITICAL
    assert (Level.NORMAL, Level.WARNING) == (alert.NORMAL, alert.WARNING)
    assert (alert.header.stamp.nanosec, alert.header.frame_id) == (40 * MS, "hall")
    assert (alert.source, alert.score, alert.message) == ("watch", 12.5, "damp")
    assert list(alert_messages(None, "hall")) == []


@pytest.mark.parametrize(
    ("level", "message", "told"),
    [
        (Level.NORMAL, "", ("ok", "normal")),
        (Level.WARNING, "damp", ("warn", "damp")),
        (Level.CRITICAL, "damp", ("error", "damp")),
    ],
)
def test_diagnostics_tell_the_level(level: Level, message: str, told: tuple[str, str]) -> None:
    found = health(Alert(0, level, "watch", 1.25, message))
    assert (found.level, found.message) == told
    assert found.values == {"source": "watch", "score_hz": "1.25"}
