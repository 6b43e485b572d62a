from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.novelty import (
    NOVELTY,
    Channels,
    Pairs,
    habituated,
    heard_by,
    novelty_filter,
)
from neuromorphic_ros.snn.spec import Input, NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes, evenly_spaced

FIELDS, TICKS = 3, 400
WARM, LATE = Channels("warm", FIELDS), Channels("late", FIELDS)


def network() -> NetworkSpec:
    pairs = Pairs("warm_by_late", WARM, LATE, 1, 20.0)
    parts = novelty_filter([pairs], {}, rows=2, tau_novelty_ms=1000.0)
    return NetworkSpec(
        name="filter",
        dt_ms=1.0,
        inputs=(Input("warm", (FIELDS,)), Input("late", (FIELDS,))),
        populations=parts.populations,
        projections=parts.projections,
    )


def driven(spec: NetworkSpec, **fields: int) -> dict[str, np.ndarray]:
    """Return spikes of each neuron while one field of each named input fires in every tick."""
    level = np.zeros((2, FIELDS))
    for row, name in enumerate(("warm", "late")):
        if name in fields:
            level[row, fields[name]] = 1.0
    out: TickSpikes = StreamingNetwork(spec).run(evenly_spaced(level, 0, TICKS))
    batches = out.by_node(spec.execution_order(), spec.dt_ns)
    return {name: batch.counts() for name, batch in batches.items()}


def test_a_pair_fires_where_both_do_and_its_row_hears_it() -> None:
    found = driven(network(), warm=2, late=1)
    pairs = found["warm_by_late"]
    assert pairs[2, 1] > 5
    assert pairs.sum() == pairs[2, 1]
    assert found[NOVELTY].tolist() == [0, pairs.sum()]


@pytest.mark.parametrize("alone", [{"warm": 0}, {"late": 2}, {}])
def test_one_channel_alone_is_no_pair(alone: dict[str, int]) -> None:
    assert driven(network(), **alone)["warm_by_late"].sum() == 0


def test_what_was_heard_often_is_heard_no_more_and_the_rest_as_before() -> None:
    spec = network()
    spikes = {"warm_by_late": driven(spec, warm=2, late=1)["warm_by_late"].ravel() * 10}
    used = habituated(spec, spikes, 0.1)
    assert heard_by(used) == ["warm_by_late"]
    assert driven(used, warm=2, late=1)[NOVELTY].sum() == 0
    for unusual in ({"warm": 2, "late": 0}, {"warm": 1, "late": 1}):
        assert np.array_equal(driven(used, **unusual)[NOVELTY], driven(spec, **unusual)[NOVELTY])


def test_each_spike_takes_a_share_of_the_weight() -> None:
    spikes = np.zeros(FIELDS * FIELDS, np.int64)
    spikes[:3] = 1, 2, 1000
    used = habituated(network(), {"warm_by_late": spikes}, 0.25)
    weights = used.projections[-1].weights
    assert isinstance(weights, Array)
    assert weights.values.ravel()[:4].tolist() == [0.75, 0.5625, 0.0, 1.0]


def test_spikes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(NetworkError, match=r"'warm_by_late' has 9 neurons, .* of \(4,\)"):
        habituated(network(), {"warm_by_late": np.zeros(4, np.int64)}, 0.1)
    with pytest.raises(NetworkError, match="no spikes of warm_by_late"):
        habituated(network(), {}, 0.1)


def test_one_channel_must_not_reach_the_threshold() -> None:
    with pytest.raises(ValidationError, match="coincidence"):
        Pairs("alone", WARM, LATE, 0, 20.0, coincidence=1.0)
