from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.pipeline import weight_keeper
from neuromorphic_ros.pipeline.online_learning import OnlineLearning
from neuromorphic_ros.pipeline.weight_keeper import WeightKeeper
from neuromorphic_ros.snn.learned_weights import LearnedWeights, load_learned, save_learned
from neuromorphic_ros.snn.plasticity.pair_stdp import PairStdp
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes

S = 1_000_000_000
NAME = "x -> y"


def network(size: int = 3) -> StreamingNetwork:
    rule = PairStdp(learning_rate=0.1)
    return StreamingNetwork(
        NetworkSpec(
            name="learner",
            dt_ms=1.0,
            inputs=(Input("x", (size,)),),
            populations=(Population("y", (2,)),),
            projections=(Projection("x", "y", 0.5, plasticity=rule),),
        )
    )


def learn(network: StreamingNetwork) -> None:
    network.run(TickSpikes(np.arange(3, dtype=np.uint32).repeat(4), np.arange(0, 13, 3)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "robot" / "learned"


def finished(keeper: WeightKeeper) -> None:
    """Wait for what is being written."""
    if keeper._writing:
        keeper._writing.exception()


def test_a_new_file_is_begun_and_an_old_one_restored(path: Path) -> None:
    first = network()
    keeper = WeightKeeper(OnlineLearning(first), path)
    assert np.all(load_learned(path).weights[NAME] == 0.5)
    learn(first)
    keeper.close()
    again = network()
    WeightKeeper(OnlineLearning(again), path)
    assert np.array_equal(again.weights(0), first.weights(0))
    assert not np.all(again.weights(0) == 0.5)


def test_it_is_written_once_per_period_and_only_what_is_new(path: Path) -> None:
    runner = network()
    keeper = WeightKeeper(OnlineLearning(runner), path)
    begun = path.stat().st_ino
    keeper.keep(0, 10.0)
    finished(keeper)
    assert path.stat().st_ino == begun
    learn(runner)
    keeper.keep(9 * S, 10.0)
    finished(keeper)
    assert path.stat().st_ino == begun
    keeper.keep(10 * S, 10.0)
    finished(keeper)
    assert np.array_equal(load_learned(path).weights[NAME], runner.weights(0))
    assert keeper.health() == ("ok", f"kept in {path}", {})


def test_a_slow_disk_holds_up_neither_the_network_nor_the_end(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = network()
    keeper = WeightKeeper(OnlineLearning(runner), path)
    begun, go_on = threading.Event(), threading.Event()

    def slowly(path: Path, learned: LearnedWeights) -> None:
        begun.set()
        assert go_on.wait(20)
        save_learned(path, learned)

    monkeypatch.setattr(weight_keeper, "save_learned", slowly)
    learn(runner)
    for second in range(0, 100, 10):
        keeper.keep(second * S, 10.0)
        learn(runner)
    assert begun.wait(20)
    go_on.set()
    keeper.close()
    assert np.array_equal(load_learned(path).weights[NAME], runner.weights(0))


def test_what_could_not_be_written_is_told_and_written_later(path: Path) -> None:
    runner = network()
    keeper = WeightKeeper(OnlineLearning(runner), path)
    path.unlink()
    path.mkdir()
    learn(runner)
    keeper.keep(0, 10.0)
    finished(keeper)
    keeper.keep(1 * S, 10.0)
    level, message, _ = keeper.health()
    assert level == "error"
    assert f"learned weights {path} cannot be written" in message
    path.rmdir()
    keeper.keep(10 * S, 10.0)
    keeper.close()
    assert keeper.health().level == "ok"
    assert np.array_equal(load_learned(path).weights[NAME], runner.weights(0))


def test_what_is_not_finite_does_not_replace_what_is(path: Path) -> None:
    runner = network()
    keeper = WeightKeeper(OnlineLearning(runner), path)
    runner.connections[0].weight[0, 0] = np.nan
    keeper.close()
    assert keeper.health().message == f"learned weights are not finite: {path} stays as it was"
    assert np.all(load_learned(path).weights[NAME] == 0.5)


def test_a_file_of_another_network_stays_and_is_refused(path: Path) -> None:
    WeightKeeper(OnlineLearning(network()), path)
    before = path.read_bytes()
    with pytest.raises(NetworkError, match="name another file, or remove it to learn anew"):
        WeightKeeper(OnlineLearning(network(4)), path)
    assert path.read_bytes() == before


@settings(max_examples=20)
@given(st.binary(max_size=200))
def test_a_file_of_rubbish_stays_and_is_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("rubbish") / "learned"
    path.write_bytes(content)
    with pytest.raises(NetworkError, match="cannot be read"):
        WeightKeeper(OnlineLearning(network()), path)
    assert path.read_bytes() == content


def test_a_place_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NetworkError, match="cannot be written"):
        WeightKeeper(OnlineLearning(network()), tmp_path / "file" / "learned")
