from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.pipeline.energy_account import priced_on
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.sequence_processing import (
    ProcessedSequence,
    SequenceProcessing,
    liquid_of,
    process,
)
from neuromorphic_ros.pipeline.spike_processing import ProcessingError
from neuromorphic_ros.snn.neurons.leaky import Li, Lif
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection

LOIHI = priced_on("loihi2")
VALUES = 6
SEQUENCE = np.random.default_rng(0).random((5, VALUES))


def spec(shape: tuple[int, ...] = (2, 3), outputs: int = 1) -> NetworkSpec:
    reads = [Population(f"read{index}", (4,), Li()) for index in range(outputs)]
    return NetworkSpec(
        name="tiny",
        dt_ms=1,
        inputs=(Input("values", shape),),
        populations=(Population("liquid", (4,), Lif()), *reads),
        projections=(Projection("values", "liquid", 0.5),),
    )


def processed(processing: SequenceProcessing, *, reset: bool = True) -> ProcessedSequence:
    found = processing.prepare(SEQUENCE.ravel(), len(SEQUENCE), reset=reset)()
    assert isinstance(found, ProcessedSequence)
    return found


def test_a_trained_readout_is_read_at_every_step() -> None:
    processing = SequenceProcessing("basic_motions", 20, "loihi2", "")
    found = processed(processing)
    liquid = liquid_of(find_network("basic_motions"), 20)
    assert np.array_equal(found.output, [liquid.step(each).ravel() for each in SEQUENCE])
    assert found.output.shape == (5, 4)
    assert np.ptp(found.output) > 0
    assert found.energy_pj > 0
    assert found.latency_us > 0


def test_the_liquid_goes_on_from_where_it_was_unless_it_is_reset() -> None:
    processing = SequenceProcessing("basic_motions", 20, "loihi2", "")
    first = processed(processing)
    assert not np.array_equal(processed(processing, reset=False).output, first.output)
    again = processed(processing)
    assert np.array_equal(again.output, first.output)
    assert again.energy_pj == first.energy_pj


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"steps": 0}, "30 entries of sequence are not 0 steps of 6 values"),
        ({"steps": 4}, "30 entries of sequence are not 4 steps of 6 values"),
        ({"sequence": [0.5] * 5 + [1.5], "steps": 1}, "entry 1.5 of sequence is outside of 0..1"),
        ({"sequence": [math.nan] * 6, "steps": 1}, "entry nan"),
        ({"sequence": np.zeros(6 * 50_001), "steps": 50_001}, "at most 1000000 ticks"),
    ],
)
def test_a_sequence_that_does_not_fit_is_refused(changes: dict[str, Any], reason: str) -> None:
    processing = SequenceProcessing("basic_motions", 20, "loihi2", "")
    values = {"sequence": SEQUENCE.ravel(), "steps": 5} | changes
    with pytest.raises(ProcessingError, match=reason):
        processing.prepare(**values, reset=True)


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (spec(outputs=0), "has 0 populations that do not spike"),
        (spec(outputs=2), "has 2 populations that do not spike"),
        (spec((6,)), "needs one of"),
    ],
)
def test_a_network_that_is_no_liquid_is_refused(network: NetworkSpec, reason: str) -> None:
    with pytest.raises(NetworkError, match=reason):
        liquid_of(network, 10)


def test_what_takes_too_long_is_stopped() -> None:
    seconds = itertools.count(0.0, 4.0)
    with pytest.raises(ProcessingError, match="stopped after 10 s in step 2"):
        process(liquid_of(spec(), 5), np.zeros((9, 2)), LOIHI, seconds.__next__)
