from __future__ import annotations

import subprocess
import sys

import pytest

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.simulation.plant import TICK_NS
from neuromorphic_ros.simulation.plants import PLANTS, plant_kind
from neuromorphic_ros.simulation.sensor_sample import START_NS

SPAN_NS = 1_000_000_000


SIMULATORS = {"course": "irsim", "cart_pole": "gymnasium"}


def needs_simulator(name: str) -> None:
    simulator = SIMULATORS.get(name, "mujoco")
    pytest.importorskip(simulator, reason="needs pip install 'neuromorphic_ros[simulation]'")


@pytest.mark.parametrize("name", PLANTS)
def test_a_robot_senses_on_its_topics_when_it_should(name: str) -> None:
    needs_simulator(name)
    kind = plant_kind(name)
    plant = kind.make(3, False)
    heard = set()
    for elapsed_ns in range(0, SPAN_NS, TICK_NS):
        plant.step(elapsed_ns)
        for sample in plant.sense(elapsed_ns):
            assert kind.topics[sample.topic] == sample.type_name
            assert sample.log_ns == START_NS + elapsed_ns
            heard.add(sample.topic)
    plant.close()
    assert heard == {topic for topic in kind.topics if "image" not in topic}


@pytest.mark.parametrize("name", PLANTS)
def test_a_seed_makes_all_of_it(name: str) -> None:
    needs_simulator(name)

    def sensed(seed: int) -> str:
        plant = plant_kind(name).make(seed, False)
        said = []
        for elapsed_ns in range(0, SPAN_NS // 4, TICK_NS):
            plant.step(elapsed_ns)
            said += plant.sense(elapsed_ns)
        plant.close()
        return repr(said)

    assert sensed(1) == sensed(1)
    assert sensed(1) != sensed(2)


@pytest.mark.parametrize("name", PLANTS)
@pytest.mark.parametrize("command", [(float("nan"), 0.0), (0.0, float("inf"))])
def test_a_command_that_is_no_number_is_refused(name: str, command: tuple[float, float]) -> None:
    needs_simulator(name)
    plant = plant_kind(name).make(0, False)
    with pytest.raises(BackendError, match="must be finite"):
        plant.command(*command)
    plant.close()


@pytest.mark.parametrize("name", PLANTS)
def test_a_robot_is_paced_by_a_sensor_of_its_own(name: str) -> None:
    kind = plant_kind(name)
    assert kind.paced_by in kind.topics


def test_an_unknown_robot_is_refused() -> None:
    with pytest.raises(
        BackendError, match=r"no simulated robot 'legs'; choose wheeled_robot, room, course"
    ):
        plant_kind("legs")


def test_the_names_need_no_simulator() -> None:
    check = (
        "import sys; sys.modules.update(dict.fromkeys(('mujoco', 'gymnasium', 'irsim'))); "
        "import neuromorphic_ros.simulation.plants"
    )
    subprocess.run([sys.executable, "-c", check], check=True)
