from __future__ import annotations

import json
import math

import numpy as np
import pytest

from neuromorphic_ros.decoding.velocity import Velocity
from neuromorphic_ros.pipeline.agreement import Trace, agreement, document
from neuromorphic_ros.pipeline.messages import spike_arrays
from neuromorphic_ros.pipeline.outputs import SPIKES, OutputMessage, command_messages
from neuromorphic_ros.pipeline.readouts import Command
from neuromorphic_ros.snn.spec import NetworkSpec, Population
from neuromorphic_ros.spikes import SpikeBatch

MS = 1_000_000
SPEC = NetworkSpec(
    name="pair", dt_ms=2, inputs=(), populations=(Population("a", (2,)), Population("b", (3,)))
)


def trace(
    spikes: dict[str, list[tuple[int, int]]], commands: dict[int, tuple[float, float]] | None = None
) -> Trace:
    """Spikes by population as (address, ms), in two messages each; commands by stamp [ms]."""
    made = Trace(SPEC)
    for name, events in spikes.items():
        shape = (9,) if name == "unknown" else SPEC.population(name).shape
        for piece in (events[:1], events[1:]):
            batch = SpikeBatch(
                shape,
                np.array([address for address, _ in piece], np.uint32),
                np.array([ms * MS for _, ms in piece], np.int64),
            )
            start_ns = int(batch.time_ns[0]) if piece else 0
            for fields in spike_arrays(name, "", batch, start_ns, start_ns + 500 * MS, None):
                made.add(OutputMessage(f"spikes/{name}", SPIKES, 0, fields))
    for ms, velocity in (commands or {}).items():
        command = Command(ms * MS, Velocity(*velocity), "")
        for message in command_messages(command, ms * MS, "base_link", stamped=True):
            made.add(message)
    return made


def test_a_run_agrees_with_itself() -> None:
    same = trace({"a": [(0, 2), (1, 4)]}, {20: (0.1, 0.2)})
    found = agreement(same, same, {})
    assert found.populations["a"] == (1.0, 1.0, 0, 2, 2)
    assert found.populations["b"] == (1.0, 1.0, 0, 0, 0)
    assert found.commands[:4] == (1, 0, 0.0, 0.0)


def test_what_a_population_lags_by_is_taken_off_and_what_it_misses_is_not() -> None:
    reference = trace({"a": [(0, 2), (1, 4), (0, 300)]})
    late = trace({"a": [(0, 8), (1, 10), (1, 306)]})
    assert agreement(late, reference, {"a": 3}).populations["a"] == (
        pytest.approx(2 / 3),
        pytest.approx(2 / 3),
        3,
        3,
        3,
    )
    assert agreement(late, reference, {}).populations["a"].spikes == 0


def test_rates_are_compared_in_windows_of_100_ms() -> None:
    found = agreement(trace({"b": [(2, 2), (2, 150)]}), trace({"b": [(2, 40), (2, 250)]}), {})
    assert found.populations["b"].spikes == 0
    assert found.populations["b"].rates == 0.5


def test_commands_are_compared_stamp_by_stamp() -> None:
    reference = trace({}, {20: (0.4, 1.0), 40: (0.4, -1.0), 60: (0.0, 0.0)})
    other = trace({}, {20: (0.1, 1.0), 40: (0.4, -1.0), 80: (0.0, 0.0)})
    found = agreement(other, reference, {}).commands
    assert (found.compared, found.unmatched) == (2, 2)
    assert found.linear_rms_m_s == pytest.approx(0.3 / math.sqrt(2))
    assert found.angular_rms_rad_s == 0
    assert found.reference_linear_rms_m_s == pytest.approx(0.4)
    assert found.reference_angular_rms_rad_s == pytest.approx(1.0)


def test_without_commands_there_is_nothing_to_compare_and_inputs_are_ignored() -> None:
    one = trace({"a": [(0, 2)], "unknown": [(5, 2)]})
    found = document(agreement(one, one, {}))
    assert found["commands"]["compared"] == 0
    assert found["commands"]["linear_rms_m_s"] is None
    assert list(found["populations"]) == ["a", "b"]
    assert json.loads(json.dumps(found, allow_nan=False)) == found
