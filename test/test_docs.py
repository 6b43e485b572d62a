"""What the documentation says must be so."""

from __future__ import annotations

import configparser
import re
from pathlib import Path
from typing import Any, get_args

import nir
import numpy as np
import pytest

from neuromorphic_ros.backends.registry import BACKENDS
from neuromorphic_ros.encoding.dvs import PRESETS as PIXELS
from neuromorphic_ros.encoding.dvs import DvsParameters
from neuromorphic_ros.parameters import fields_of
from neuromorphic_ros.pipeline.encodings import ENCODERS
from neuromorphic_ros.pipeline.models import find_model
from neuromorphic_ros.pipeline.networks import network_names
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.pipeline.sensing import STREAMS
from neuromorphic_ros.pipeline.tuning import Tunable
from neuromorphic_ros.sensors.gyro_bias import GyroCalibration
from neuromorphic_ros.sensors.mpu6050 import Mpu6050Settings
from neuromorphic_ros.snn.network_file import load_network
from neuromorphic_ros.snn.neurons.adex import AdEx
from neuromorphic_ros.snn.neurons.model import Neuron
from neuromorphic_ros.snn.nir.conventions import PRESETS, preset
from neuromorphic_ros.snn.spec import Input
from neuromorphic_ros.snn.streaming import StreamingNetwork

ROOT = Path(__file__).resolve().parent.parent
# Each in an annotation of its tag, all in one of the discriminator.
MODELS = [get_args(model)[0] for model in get_args(get_args(Neuron)[0])]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_network_of_the_docs_runs(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "networks.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    file = tmp_path / "example.yaml"
    file.write_text(example, encoding="utf-8")
    assert Pipeline(StreamingNetwork(load_network(file))).motor is not None


def test_a_network_of_snntorch_in_the_readme_keeps_its_time_constants(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(name: eye\n.*?)```", readme, re.DOTALL)
    (tmp_path / "eye.yaml").write_text(example, encoding="utf-8")
    # As snntorch exports beta = 0.9 for ticks of 1e-4 s.
    ones = np.ones((2, 64, 64))
    layer = nir.LIF(tau=1e-3 * ones, r=10.0 * ones, v_leak=0.0 * ones, v_threshold=ones)
    shape = np.array(ones.shape)
    ends = {"input": nir.Input({"input": shape}), "output": nir.Output({"output": shape})}
    edges = [("input", "output_layer"), ("output_layer", "output")]
    graph = nir.NIRGraph({**ends, "output_layer": layer}, edges)
    nir.write(tmp_path / "trained.nir", graph)
    (population,) = load_network(tmp_path / "eye.yaml").populations
    assert population.neuron.tau_mem_ms == pytest.approx(10.0)


@pytest.mark.parametrize("page", ["README.md", "docs/networks.md"])
def test_the_python_of_the_docs_runs(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(example, page, "exec"), names)
    assert names["result"].spike_counts["v1"] > 0
    assert capsys.readouterr().out


def test_the_graph_of_events_of_the_docs_fires(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "graph.md").read_text("utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(example, "docs/graph.md", "exec"), names)
    assert len(names["fired"]) > 0
    assert "of nodes in the window" in capsys.readouterr().out


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_the_docs_tell_every_parameter_of_a_neuron_with_its_default(model: type) -> None:
    page = (ROOT / "docs" / "networks.md").read_text("utf-8")
    words = {None: "none", True: "true", False: "false"}
    for name, default, *_ in fields_of(model):
        number = isinstance(default, (int, float)) and not isinstance(default, bool)
        shown = f"{default:g}" if number else words.get(default, default)
        if name == "model":
            assert re.search(rf"^\|.*`{shown}`.*\|$", page, re.MULTILINE)
        elif (name, model) == ("tau_syn_ms", AdEx):
            assert "| `tau_syn_ms` (`adex`) | none |" in page
        elif not (name == "initial" and default == 0.0):
            assert f"| `{name}` | {shown} |" in page


@pytest.mark.parametrize("name", ["gestures", "graph_gestures", "nmnist", "graph_nmnist"])
def test_graphs_are_compared_with_convolutions_as_their_cards_tell(name: str) -> None:
    card = find_model(name).card
    hardware = ("horowitz_45nm_int8", "loihi1", "truenorth")
    prices = (f"{card.energy[each].dynamic_uj * 1e6:,.0f}" for each in hardware)
    figures = f"{card.value:.1%} of {card.samples}".replace("%", " %")
    row = (f"{card.synaptic_operations:,.0f}", f"{card.spikes:,.0f}", *prices)
    page = (ROOT / "docs" / "training.md").read_text("utf-8")
    (found,) = re.findall(rf"^\| `{name}` \| [\d ]+ k \| (.*) \|$", page, re.MULTILINE)
    assert found == " | ".join((figures, *row))


@pytest.mark.parametrize("settings", [Mpu6050Settings, GyroCalibration])
def test_the_docs_tell_every_parameter_of_the_imu_with_its_default(settings: type) -> None:
    page = (ROOT / "docs" / "sensors.md").read_text("utf-8")
    for name, default, *_ in fields_of(settings):
        values = default if isinstance(default, tuple) else (default,)
        shown = ", ".join(f"{value:g}" for value in values)
        assert f"| `{name}` | {f'[{shown}]' if len(values) > 1 else shown} |" in page


def encoders() -> list[Any]:
    """Return every encoder with its parameter sets, told apart by the sensors that share it."""
    inputs = {name: sensor for sensor, found in ENCODERS.items() for name in found}
    return [pytest.param(sensor, name, id=name) for name, sensor in inputs.items()]


@pytest.mark.parametrize(("sensor", "name"), encoders())
def test_the_docs_tell_every_parameter_of_an_encoder_with_its_default(
    sensor: Any, name: str
) -> None:
    page = (ROOT / "docs" / "networks.md").read_text("utf-8")
    assert re.search(rf"^\| `{name}` \| \(", page, re.MULTILINE)
    rows = [row.split(" | ") for row in re.findall(r"^\| (`.*) \|$", page, re.MULTILINE)]
    told = {
        (parameter, default)
        for row in rows
        if len(row) > 1
        for parameter, default in zip(
            re.findall(r"`(\w+)`", row[0].split(" (")[0]), row[1].split(", "), strict=False
        )
    }
    required: dict[str, Any] = {
        "environment": {"low": 0.0, "high": 1.0},
        "joint": {"joint": "it", "range_position": 1.0, "range_velocity": 1.0},
    }.get(name.split("_")[0], {})
    shape = (2, 3, 4) if sensor == "camera" else (1,)
    encoding = ENCODERS[sensor][name](Input("it", shape, sensor, name, required), 0)
    for field in Tunable(encoding.encoder, "parameters").fields:
        shown = f"{field.default:g}" if isinstance(field.default, float) else str(field.default)
        shown = "required" if field.name in required else shown.lower()
        assert (field.name, shown) in told


@pytest.mark.parametrize("sensor", ENCODERS)
def test_the_docs_tell_the_messages_and_topics_of_a_sensor(sensor: str) -> None:
    page = (ROOT / "docs" / "networks.md").read_text("utf-8")
    (row,) = re.findall(rf"^\| `{sensor}` \| .*$", page, re.MULTILINE)
    for transport, stream in STREAMS[sensor].items():
        assert stream.type.split("/")[-1] in row
        assert f"`{stream.topic}`" in row
        assert len(STREAMS[sensor]) == 1 or f"`{transport}`" in row


@pytest.mark.parametrize("name", [None, *PRESETS])
def test_the_docs_tell_the_presets_of_frameworks(name: str | None) -> None:
    page = (ROOT / "docs" / "networks.md").read_text("utf-8")
    conventions = preset(name)[0].conventions
    fields = ("integrator", "reset", "strict", "multi_spike", "lower_first")
    values = [str(getattr(conventions, field)) for field in fields]
    shown = [value.lower() if value in ("True", "False") else value for value in values]
    assert f"| {' | '.join([str(name).lower(), *shown])} |" in page


def test_the_docs_tell_the_presets_of_the_emulated_pixels() -> None:
    page = (ROOT / "docs" / "events.md").read_text("utf-8")
    assert f"| parameter | {' | '.join(f'`{name}`' for name in PIXELS)} | |" in page
    for name, *_, description in fields_of(DvsParameters):
        values = (f"{getattr(preset, name):g}" for preset in PIXELS.values())
        assert f"| `{name}` | {' | '.join(values)} | {description} |" in page


def test_the_readme_names_what_pip_is_to_install_beside_ros() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    config = configparser.ConfigParser(delimiters=("=",))
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    (command,) = re.findall(r"^pip install '.*\\\n.*$", readme, re.MULTILINE)
    for requirement in config["options"]["install_requires"].split():
        assert re.search(rf"\b{re.match('[a-z0-9-]+', requirement).group()}\b", command)


@pytest.mark.parametrize("name", BACKENDS)
def test_the_readme_states_what_works_as_the_code_does(name: str) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    backend = BACKENDS[name]
    (row,) = re.findall(rf"^\| `{name}` profile.*$", readme, re.MULTILINE)
    assert row.split("|")[2:4] == [f" {backend.here} ", f" {backend.on_hardware} "]


def test_the_readme_names_every_shipped_network() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in network_names() if f"[`{name}`]" not in readme] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_of_the_repository(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []
