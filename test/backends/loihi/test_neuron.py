"""Parameters of Loihi's neuron, with their ranges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.backends.loihi.neuron import FixedLif
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build

SMALLEST = {"size": 2, "du": 0, "dv": 0, "vth": 0}


def test_constants_are_those_of_one_tick() -> None:
    lif = FixedLif(
        size=2, du=4095, dv=96, vth=3, bias_mant=np.array([-4096, 4095]), bias_exp=7, v=5
    )
    constants = lif.constants()
    assert [part.tolist() for part in constants] == [
        [0, 0],
        [4000, 4000],
        [-4096 * 128, 4095 * 128],
        [192, 192],
        [0, 0],
        [1 - 2**23, 1 - 2**23],
        [0, 0],
        [0, 0],
    ]
    assert all(part.dtype == np.int32 for part in constants)
    assert lif.start().tolist() == [5, 5]


def test_without_decay_u_still_loses_one_4096th() -> None:
    assert FixedLif(**SMALLEST).constants().keep_u.tolist() == [4095, 4095]
    assert FixedLif(**SMALLEST).constants().keep_v.tolist() == [4096, 4096]


def test_what_is_beyond_lava_is_in_the_constants_of_each_neuron() -> None:
    lif = FixedLif(
        **SMALLEST
        | {"du": np.array([1, 2]), "dv": np.array([3, 4])}
        | {
            "vth": 3,
            "vth_fine": -1,
            "drop": 5,
            "floor": np.array([-6, -7]),
            "refractory": 8,
            "late": True,
        }
    )
    constants = lif.constants()
    assert constants.keep_u.tolist() == [4094, 4093]
    assert constants.keep_v.tolist() == [4093, 4092]
    assert constants.threshold.tolist() == [3 * 64 - 1] * 2
    assert constants.drop.tolist() == [5 * 64] * 2
    assert constants.floor.tolist() == [-6, -7]
    assert constants.refractory.tolist() == [8, 8]
    assert constants.late.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("changes", "beyond"),
    [
        ({}, ()),
        ({"floor": 1.0 - 2**23}, ()),
        ({"drop": 1}, ("reset by subtraction",)),
        ({"floor": np.array([0, 1 - 2**23])}, ("a floor",)),
        ({"refractory": 1}, ("a refractory period",)),
        ({"late": True}, ("a reset a tick late",)),
        ({"vth_fine": -1}, ("a threshold between weight units",)),
        ({"dv": np.array([1, 1])}, ("time constants of their own",)),
        ({"drop": 1, "refractory": 2}, ("reset by subtraction", "a refractory period")),
    ],
)
def test_what_the_neurons_of_lava_lack_is_told(
    changes: dict[str, Any], beyond: tuple[str, ...]
) -> None:
    assert FixedLif(**SMALLEST | changes).beyond_lava == beyond


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": 0}, "size = 0"),
        ({"du": 4096}, "du = 4096"),
        ({"du": -1}, "du = -1"),
        ({"dv": 4096}, "dv = 4096"),
        ({"vth": 2**17}, "vth = 131072"),
        ({"bias_mant": 4096}, "bias_mant = 4096"),
        ({"bias_mant": np.array([0, -4097])}, "bias_mant"),
        ({"bias_exp": 8}, "bias_exp = 8"),
        ({"bias_exp": -1}, "bias_exp = -1"),
        ({"bias_mant": 0.5}, "bias_mant holds something else than integers"),
        ({"v": 2**23}, "v = 8388608"),
        ({"vth_fine": -64}, "vth_fine = -64"),
        ({"drop": -1}, "drop = -1"),
        ({"drop": 2**17}, "drop = 131072"),
        ({"floor": -(2.0**23)}, "floor = -8388608"),
        ({"refractory": 2**16}, "refractory = 65536"),
        ({"dv": np.array([1, 4096])}, "dv"),
        ({"dv": np.zeros(3)}, r"dv has shape \(3,\), the population \(2,\)"),
        ({"v": np.zeros(3)}, r"v has shape \(3,\), the population \(2,\)"),
    ],
)
def test_parameters_out_of_range_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(NetworkError, match=f"neurons: .*{message}"):
        build(FixedLif, SMALLEST | changes, "neurons", NetworkError)
