from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.pipeline.core import MAX_WAITING_MODULATIONS, CoreParameters, SpikingCore
from neuromorphic_ros.pipeline.online_learning import LearningParameters
from neuromorphic_ros.power.sleep import SleepParameters
from neuromorphic_ros.snn.neurons.dendritic import DendriticLif
from neuromorphic_ros.snn.plasticity.pair_stdp import PairStdp
from neuromorphic_ros.snn.plasticity.reward_stdp import RewardStdp
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.variant import Variant, vary
from neuromorphic_ros.spikes import SpikeBatch

MS = 1_000_000
START_NS = 5_000 * MS
NAME = "eye -> out"


def spec(rule: Any) -> NetworkSpec:
    return NetworkSpec(
        name="learner",
        dt_ms=1.0,
        inputs=(Input("eye", (2,), "scan", "scan_rate"),),
        populations=(Population("out", (2,)),),
        projections=(Projection("eye", "out", 0.6, plasticity=rule),),
        variants={"low": Variant(dt_ms=2.0)},
    )


PAIRS = PairStdp(learning_rate=2e-4)
REWARDED = RewardStdp(learning_rate=1.0)


def core(rule: Any = PAIRS) -> SpikingCore:
    return SpikingCore(StreamingNetwork(spec(rule)), CoreParameters())


def drive(core: SpikingCore, begin_ms: int, end_ms: int) -> None:
    """Let both channels spike every other millisecond, a sample per 20 ms."""
    for start_ms in range(begin_ms, end_ms, 20):
        time_ns = START_NS + np.arange(start_ms, start_ms + 20, 2, dtype=np.int64).repeat(2) * MS
        address = np.tile(np.arange(2, dtype=np.uint32), 10)
        stamp_ns = START_NS + (start_ms + 20) * MS
        core.push("eye", SpikeBatch((2,), address, time_ns), stamp_ns, stamp_ns)
        for _ in core.advance(stamp_ns):
            pass


def weights(core: SpikingCore) -> Any:
    assert core.learning is not None
    return core.learning.learned().weights[NAME]


def learns(core: SpikingCore, begin_ms: int, end_ms: int) -> bool:
    before = weights(core)
    drive(core, begin_ms, end_ms)
    return not np.array_equal(weights(core), before)


def test_a_core_without_plastic_projections_learns_nothing() -> None:
    fixed = SpikingCore(StreamingNetwork(spec(None)), CoreParameters())
    assert fixed.learning is None
    assert fixed.tunables.keys() == {"core", "sleep"}
    with pytest.raises(SensorError, match="reward: it has no effect on network 'learner'"):
        fixed.modulate("reward", 1.0, START_NS)


def test_rate_and_freeze_act_at_once() -> None:
    slow, fast = core(), core()
    assert slow.learning
    slow.learning.parameters = LearningParameters(rate=0.5)
    assert learns(slow, 0, 100)
    assert learns(fast, 0, 100)
    assert abs(weights(slow) - 0.6).max() < abs(weights(fast) - 0.6).max()
    slow.learning.parameters = LearningParameters(freeze=True)
    assert not learns(slow, 100, 2000)
    assert slow.learning.health().message == "frozen: the weights stay as they are"
    slow.learning.parameters = LearningParameters()
    assert learns(slow, 2000, 2100)


def test_weights_that_drift_too_far_stay_until_they_may_go_on() -> None:
    learner = core()
    assert learner.learning
    learner.learning.parameters = LearningParameters(max_drift=0.1)
    drive(learner, 0, 4000)
    assert learner.learning.stopped_by == NAME
    assert learner.learning.drift[NAME] > 0.1
    level, message, values = learner.learning.health()
    assert (level, values.keys()) == ("warn", {f"drift of {NAME}"})
    assert "has drifted beyond learning.max_drift" in message
    # Learning stops at the first look, once per second.
    assert not learns(learner, 4000, 5000)
    learner.learning.parameters = LearningParameters(max_drift=1.0)
    assert learner.learning.stopped_by == ""
    assert learns(learner, 5000, 6000)


def test_the_drift_is_that_from_the_network_file_also_after_a_start() -> None:
    before, after = core(), core()
    drive(before, 0, 2000)
    assert before.learning
    assert after.learning
    after.learning.restore(before.learning.learned())
    assert after.learning.drift[NAME] == pytest.approx(
        float(np.sqrt(np.mean(np.square(weights(before) - np.float32(0.6)))))
    )
    assert np.array_equal(weights(after), weights(before))


def test_a_variant_learns_on_and_the_network_has_it_when_it_comes_back() -> None:
    learner = core()
    whole = learner.runner
    assert learner.learning
    learner.learning.parameters = LearningParameters(rate=0.5)
    drive(learner, 0, 1000)
    low = StreamingNetwork(vary(whole.spec, "low"))
    learner.switch(low)
    assert learns(learner, 1000, 2000)
    assert learner.runner is low
    assert low.learning_rate == 0.5
    learned = weights(learner)
    assert np.array_equal(low.learned_weights().weights[NAME], learned)
    learner.learning.parameters = LearningParameters(freeze=True)
    learner.switch(whole)
    drive(learner, 2000, 2100)
    assert learner.runner is whole
    assert np.array_equal(weights(learner), learned)
    learner.switch(low)
    learner.reset()
    assert np.array_equal(weights(learner), learned)


def test_a_reward_acts_from_its_stamp_on() -> None:
    at_once, later = core(REWARDED), core(REWARDED)
    for each in (at_once, later):
        drive(each, 0, 200)
        assert np.all(weights(each) == np.float32(0.6))
    at_once.modulate("reward", -1.0, START_NS + 200 * MS)
    later.modulate("reward", -1.0, START_NS + 300 * MS)
    assert learns(at_once, 200, 240)
    assert not learns(later, 200, 280)
    assert learns(later, 280, 360)


def test_levels_of_modulators_are_set() -> None:
    learner = core(REWARDED)
    learner.modulate("dopamine", 0.5, START_NS)
    learner.modulate("serotonin", -0.25, START_NS)
    assert learns(learner, 0, 200)
    runner = learner.runner
    assert isinstance(runner, StreamingNetwork)
    assert (runner.dopamine, runner.serotonin) == (0.5, -0.25)


@pytest.mark.parametrize("level", [1.1, -2.0, float("nan"), float("inf")])
def test_levels_outside_are_refused(level: float) -> None:
    with pytest.raises(SensorError, match=r"reward .* is outside of -1\.\.1"):
        core(REWARDED).modulate("reward", level, START_NS)


def test_what_is_rewarded_in_sleep_has_no_effect_and_the_last_level_counts() -> None:
    learner = core(REWARDED)
    learner.sleep = SleepParameters(0.1)
    drive(learner, 0, 200)
    for _ in learner.advance(START_NS + 1_000 * MS):
        pass
    assert learner.asleep
    learner.modulate("serotonin", 0.75, START_NS + 1_000 * MS)
    for number in range(2 * MAX_WAITING_MODULATIONS):
        learner.modulate("reward", 1.0, START_NS + (1_000 + number) * MS)
    assert not learns(learner, 3_500, 3_600)
    runner = learner.runner
    assert isinstance(runner, StreamingNetwork)
    assert runner.serotonin == 0.75


def test_dopamine_gates_dendrites_of_a_network_that_learns_nothing() -> None:
    population = Population("out", (2,), DendriticLif(dendrites=1, dendrite_threshold=0.1))
    projection = Projection("eye", "out", 1.0, compartment=1)
    branched = dataclasses.replace(
        spec(None), populations=(population,), projections=(projection,), variants={}
    )

    def fired(level: float) -> int:
        gated = SpikingCore(StreamingNetwork(branched), CoreParameters())
        assert gated.modulators == ("dopamine",)
        gated.modulate("dopamine", level, START_NS)
        drive(gated, 0, 500)
        assert gated.learning
        assert gated.learning.health().message == "nothing learns; dopamine gates dendrites"
        return gated.runner.counts().by_population()["out"]

    assert fired(-1.0) == 0
    assert fired(1.0) > 10
    with pytest.raises(SensorError, match="serotonin: it has no effect on network 'learner'"):
        SpikingCore(StreamingNetwork(branched), CoreParameters()).modulate("serotonin", 0.1, 0)
