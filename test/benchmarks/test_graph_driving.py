from __future__ import annotations

import graph_driving
import numpy as np
import pytest

from neuromorphic_ros.learning.samples import Samples
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.recipes.graph_avoider import NETWORK, SECTORS, TEACHER
from neuromorphic_ros.snn.spec import GivenGraphLayers

pytest.importorskip("mujoco", reason="needs pip install 'neuromorphic_ros[simulation]'")


def test_without_attention_the_rest_of_the_network_is_as_it_was() -> None:
    before, after = (
        each.population("features").graph for each in (NETWORK, graph_driving.alike(NETWORK))
    )
    assert isinstance(before, GivenGraphLayers)
    assert isinstance(after, GivenGraphLayers)
    assert before.nodes == after.nodes
    for one, other in zip(before.layers.layers, after.layers.layers, strict=True):
        assert one.attention.values.any()
        assert not other.attention.values.any()
        assert (one.message, one.query, one.neurons) == (other.message, other.query, other.neurons)
    assert graph_driving.alike(NETWORK).population("output") == NETWORK.population("output")


def test_only_some_channels_are_silenced() -> None:
    samples = Samples(np.ones((1, 2, SECTORS + 4), np.uint8), np.zeros(1, np.int64))
    dark = graph_driving.silenced(samples, slice(SECTORS, None))
    assert dark.inputs[..., :SECTORS].all()
    assert not dark.inputs[..., SECTORS:].any()
    assert samples.inputs.all()


def test_the_teacher_drives() -> None:
    driven = graph_driving.drive(find_network(TEACHER), 10, camera=False, duration_s=3)
    assert driven.collisions == 0
    assert 0.3 < driven.distance_m < 1.5
