"""What the documentation says must be so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from neuromorphic_ros.backends.registry import BACKENDS
from neuromorphic_ros.pipeline.networks import network_names
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.snn.spec import load_network
from neuromorphic_ros.snn.streaming import StreamingNetwork

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_network_of_the_docs_runs(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "networks.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    file = tmp_path / "example.yaml"
    file.write_text(example, encoding="utf-8")
    assert Pipeline(StreamingNetwork(load_network(file))).motor is not None


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
