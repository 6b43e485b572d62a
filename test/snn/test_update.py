"""The compiled step of all neurons of a population."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from neuromorphic_ros.snn.tables import NODE
from neuromorphic_ros.snn.update import updater


class Pair(NamedTuple):
    left: Any
    right: Any


class Flags(NamedTuple):
    inverted: bool


def _step(spike: Any, constants: Any, rules: Any, state: Any, current: Any) -> Any:
    spikes = current * constants.left
    if rules.inverted:
        spikes = -spikes
    return spikes, Pair(state.left + current, state.right)


@pytest.mark.parametrize("inverted", [False, True])
def test_an_updater_steps_every_neuron(inverted: bool) -> None:
    update = updater(_step, Pair, Flags, Pair)
    constants = np.array([[1, 2, 3], [0, 0, 0]], np.float32)
    rules = np.array([[inverted]], np.int64)
    state = np.array([[10, 20, 30], [4, 5, 6]], np.float32)
    node = np.zeros(1, NODE)[0]
    node["size"], node["plain"] = 3, not inverted
    node["constant"], node["state"] = constants.ctypes.data, state.ctypes.data
    node["rule"] = rules.ctypes.data
    current = np.array([0, 1, -2], np.float32)
    amount, fired = np.full(3, 9, np.float32), np.full(3, 9, np.uint8)
    update(node, current, amount, fired)
    assert amount.tolist() == ([0, -2, 6] if inverted else [0, 2, -6])
    assert fired.tolist() == [0, 1, 1]
    assert state.tolist() == [[10, 21, 28], [4, 5, 6]]
