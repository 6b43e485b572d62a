"""The layers of the package: imports point down, ROS stays in nodes/, and nothing is pickled."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = "neuromorphic_ros"
ROOT = Path(__file__).resolve().parent.parent / PACKAGE

# From the bottom up. A part imports from itself and from lower tiers, never from its neighbours.
TIERS = (
    ("errors",),
    ("spikes", "parameters", "resources", "atomic_file", "array_header"),
    ("snn",),
    (
        "backends",
        "learning",
        "compression",
        "encoding",
        "decoding",
        "energy",
        "power",
        "bags",
        "sensors",
        "simulation",
    ),
    ("pipeline",),
    ("report",),
    ("nodes", "cli"),
)
TIER = {part: tier for tier, parts in enumerate(TIERS) for part in parts}

GENERATED = ("msg", "srv")
ROS_SUFFIXES = ("_msgs", "_srvs", "_interfaces")
PICKLING = ("pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve")


def imports(module: str, tree: ast.AST) -> Iterator[str]:
    """Yield the full name of everything that a module imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*module.split(".")[: -node.level], *filter(None, [base])])
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in ("import_module", "__import__"):
                yield str(node.args[0].value)


def violations(module: str, source: str) -> list[str]:
    """Return what is wrong with the imports of a module, e.g. `neuromorphic_ros.snn.__init__`."""
    tree = ast.parse(source)
    part = module.split(".")[1].replace("__init__", "")
    if part and part not in TIER:
        return [f"{part} has no tier; declare it in TIERS"]
    found = []
    for name in imports(module, tree):
        top, *rest = name.split(".")
        imported = rest[0] if top == PACKAGE and rest else ""
        if top in PICKLING:
            found.append(f"{name} runs code from data")
        elif top == "rclpy" or top.endswith(ROS_SUFFIXES) or imported in GENERATED:
            if part != "nodes":
                found.append(f"{name} is ROS and belongs in nodes/")
        elif imported in TIER and imported != part:
            if not part or TIER[imported] >= TIER[part]:
                found.append(f"{name} is not below {part or PACKAGE}")
        elif imported and imported not in TIER:
            found.append(f"{imported} has no tier; declare it in TIERS")
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            refused = isinstance(node.value, ast.Constant) and node.value.value is False
            found += (
                [] if refused else [f"allow_pickle={ast.unparse(node.value)} runs code from data"]
            )
    return found


MODULES = {
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts): path
    for path in sorted(ROOT.rglob("*.py"))
}


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module: str) -> None:
    found = violations(module, MODULES[module].read_text())
    assert not found, f"{module}: {'; '.join(found)}"


def test_every_module_is_looked_at() -> None:
    assert {"neuromorphic_ros.errors", "neuromorphic_ros.snn.streaming"} <= set(MODULES)


def test_a_part_has_one_tier() -> None:
    assert len(TIER) == sum(len(parts) for parts in TIERS)


@pytest.mark.parametrize(
    ("module", "source", "complaint"),
    [
        ("snn.spec", "from neuromorphic_ros.encoding.dvs import emulate", "is not below snn"),
        ("snn.spec", "import neuromorphic_ros.pipeline.core", "is not below snn"),
        ("spikes", "from neuromorphic_ros import snn", "is not below spikes"),
        ("spikes", "from neuromorphic_ros.parameters import build", "is not below spikes"),
        ("energy.price", "from neuromorphic_ros.backends.base import Runner", "is not below"),
        ("energy.price", "from ..power import governor", "power.governor is not below energy"),
        ("pipeline.core", "from neuromorphic_ros.nodes import pipeline", "is not below pipeline"),
        ("cli.run", "def run():\n    from neuromorphic_ros.nodes import core", "is not below cli"),
        ("nodes.core", "import neuromorphic_ros.cli.main", "is not below nodes"),
        ("__init__", "from neuromorphic_ros.snn import spec", "is not below neuromorphic_ros"),
        ("__init__", "from .snn import spec", "is not below neuromorphic_ros"),
        ("bags.reader", "import rclpy.node", "belongs in nodes/"),
        ("bags.reader", "from rcl_interfaces.msg import ParameterType", "belongs in nodes/"),
        ("cli.echo", "from sensor_msgs.msg import Image", "belongs in nodes/"),
        ("cli.echo", "from std_srvs.srv import Trigger", "belongs in nodes/"),
        ("cli.echo", "from neuromorphic_ros.msg import SpikeArray", "belongs in nodes/"),
        ("cli.echo", "import importlib\nimportlib.import_module('rclpy')", "belongs in nodes/"),
        ("nodes.core", "import pickle", "runs code from data"),
        ("snn.nir", "from joblib import load", "runs code from data"),
        ("snn.nir", "numpy.load(path, allow_pickle=True)", "runs code from data"),
        ("helpers.misc", "", "helpers has no tier"),
        ("cli.run", "from neuromorphic_ros.helpers import misc", "helpers has no tier"),
    ],
)
def test_a_violation_is_found(module: str, source: str, complaint: str) -> None:
    found = violations(f"{PACKAGE}.{module}", source)
    assert len(found) == 1
    assert complaint in found[0]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("nodes.core", "import rclpy\nfrom neuromorphic_ros.msg import SpikeArray"),
        ("nodes.core", "from neuromorphic_ros.nodes.worker import Worker\nfrom . import worker"),
        ("cli.run", "from neuromorphic_ros.pipeline import replay\nimport numpy"),
        ("snn.nir", "numpy.load(path, allow_pickle=False)"),
        ("snn.__init__", "from .spec import NetworkSpec"),
        ("snn.spec", "from . import neurons\nfrom ..spikes import Shape"),
        ("energy.price", "from neuromorphic_ros.snn.counts import Counts"),
    ],
)
def test_what_is_allowed_is_not_complained_about(module: str, source: str) -> None:
    assert violations(f"{PACKAGE}.{module}", source) == []
