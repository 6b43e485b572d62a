from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.learned_weights import (
    LearnedWeights,
    load_learned,
    projection_names,
    save_learned,
)
from neuromorphic_ros.snn.patterns import Random
from neuromorphic_ros.snn.plasticity.pair_stdp import PairStdp
from neuromorphic_ros.snn.plasticity.reward_stdp import RewardStdp
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes


def spec(seed: int = 3, rows: int = 8, **rule: Any) -> NetworkSpec:
    """A dense, a sparse and a fixed projection; of the first two there are two of one name."""
    return NetworkSpec(
        name="learner",
        dt_ms=1.0,
        inputs=(Input("x", (rows,)),),
        populations=(Population("y", (6,)),),
        projections=(
            Projection("x", "y", 0.4, plasticity=PairStdp(learning_rate=0.1, **rule)),
            Projection("x", "y", 0.4, Random(0.5), plasticity=RewardStdp(learning_rate=5.0)),
            Projection("x[0]", "y", 0.2),
        ),
        seed=seed,
    )


def ticks(count: int, seed: int = 0) -> TickSpikes:
    spikes = np.random.default_rng(seed).random((count, 8)) < 0.4
    tick, address = np.nonzero(spikes)
    return TickSpikes(address.astype(np.uint32), np.searchsorted(tick, np.arange(count + 1)))


def taught(network: StreamingNetwork) -> StreamingNetwork:
    network.dopamine = 0.5
    network.run(ticks(300))
    return network


def test_a_network_goes_on_from_a_file_as_from_what_it_had_learned(tmp_path: Path) -> None:
    network, path = taught(StreamingNetwork(spec())), tmp_path / "learned.safetensors"
    save_learned(path, network.learned_weights())
    restored = StreamingNetwork(spec())
    restored.restore(load_learned(path))
    assert restored.learned_weights().weights.keys() == {"x -> y", "x -> y (2)"}
    for index in range(3):
        assert np.array_equal(restored.weights(index), network.weights(index))
    assert not np.array_equal(restored.weights(1), StreamingNetwork(spec()).weights(1))
    restored.dopamine = 0.5
    network.reset()
    assert np.array_equal(network.run(ticks(100, 1)).address, restored.run(ticks(100, 1)).address)
    assert np.array_equal(network.weights(1), restored.weights(1))


def test_equal_weights_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        save_learned(tmp_path / name, taught(StreamingNetwork(spec())).learned_weights())
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (spec(seed=4), r"x -> y \(2\) are of other synapses: the pattern, or the seed"),
        (spec(rows=9), "x -> y are of other synapses"),
        (spec(w_max=0.45), "learned weights of x -> y are outside of 0.0..0.45"),
        (
            NetworkSpec("fixed", 1.0, (Input("x", (1,)),), (Population("y", (2,)),)),
            r"what network 'learner' has learned are weights of x -> y, x -> y \(2\); in 'fixed' "
            "these learn: none",
        ),
    ],
)
def test_weights_of_another_network_are_refused_and_change_nothing(
    other: NetworkSpec, words: str
) -> None:
    network = StreamingNetwork(other)
    before = [network.weights(index) for index in range(len(other.projections))]
    with pytest.raises(NetworkError, match=words):
        network.restore(taught(StreamingNetwork(spec())).learned_weights())
    for index, weights in enumerate(before):
        assert np.array_equal(network.weights(index), weights)


@pytest.mark.parametrize(
    "weight", [np.full((8, 6), np.nan, np.float32), np.full((8, 6), 0.3), np.zeros(48, np.float32)]
)
def test_weights_that_are_none_are_refused(weight: Any) -> None:
    network = StreamingNetwork(spec())
    learned = network.learned_weights()
    with pytest.raises(NetworkError, match="learned weights of x -> y are"):
        network.restore(learned._replace(weights={**learned.weights, "x -> y": weight}))


def written(path: Path) -> bytes:
    save_learned(path, StreamingNetwork(spec()).learned_weights())
    return path.read_bytes()


@settings(max_examples=40)
@given(st.data())
def test_a_damaged_file_is_refused_or_read_whole(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("damage") / "learned"
    content = bytearray(written(path))
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content = content[:place]
    else:
        content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(bytes(content))
    network = StreamingNetwork(spec())
    try:
        network.restore(load_learned(path))
    except NetworkError:
        return
    assert all(np.isfinite(weight).all() for weight in network.learned_weights().weights.values())


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other"
    save_file({"x": np.zeros(3, np.float32)}, path)
    with pytest.raises(NetworkError, match=r"other cannot be read: .*to learn anew"):
        load_learned(path)
    with pytest.raises(NetworkError, match="cannot be read: "):
        load_learned(tmp_path)
    with pytest.raises(NetworkError, match="cannot be written"):
        save_learned(path / "below", LearnedWeights("n", {}, {}))


def test_projections_of_one_name_are_numbered() -> None:
    assert projection_names(["a -> b", "a -> c", "a -> b"]) == ["a -> b", "a -> c", "a -> b (2)"]
