"""The networks that can be loaded: what is known of them, and files that are broken."""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path

import pytest

from neuromorphic_ros.pipeline.model_list import Listing, list_networks
from neuromorphic_ros.pipeline.models import CARD, find_model
from neuromorphic_ros.pipeline.networks import find_network, network_files
from neuromorphic_ros.resources import share_directory
from neuromorphic_ros.snn.summary import summarize

SHIPPED = share_directory()


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """Copy what is shipped: one network and one model."""
    (tmp_path / "config" / "networks").mkdir(parents=True)
    shutil.copy(SHIPPED / "config" / "networks" / "motion_detector.yaml", networks(tmp_path))
    shutil.copytree(SHIPPED / "models" / "digits", tmp_path / "models" / "digits")
    return tmp_path


def networks(share: Path) -> Path:
    return share / "config" / "networks"


def names(listing: Listing) -> list[str]:
    return [each.name for each in listing.networks]


def test_all_that_is_shipped_can_be_read() -> None:
    listing = list_networks()
    assert names(listing) == sorted(network_files())
    assert not listing.faults


def test_a_model_is_told_by_its_card_and_a_network_by_what_it_connects(share: Path) -> None:
    model, network = list_networks(share).networks
    card = find_model("digits").card
    assert (model.name, model.format) == ("digits", "nir")
    assert (model.task, model.metric, model.value) == (card.task, card.metric, card.value)
    assert network.file == str(networks(share) / "motion_detector.yaml")
    assert (network.name, network.format, network.dt_ms) == ("motion_detector", "yaml", 1.0)
    assert network.task == "camera to blob detection"
    assert (network.metric, math.isnan(network.value)) == ("", True)
    spec = find_network("motion_detector")
    assert (network.neurons, network.synapses) == (spec.neurons, summarize(spec).synapse_count)


@pytest.mark.parametrize("content", ["", "name: [", "\x00", "name: other\ndt_ms: -1\n"])
def test_a_broken_network_is_left_out(share: Path, content: str) -> None:
    (networks(share) / "a_wrong_one.yaml").write_text(content)
    listing = list_networks(share)
    assert names(listing) == ["digits", "motion_detector"]
    (fault,) = listing.faults
    assert "a_wrong_one" in fault


@pytest.mark.parametrize("file", [CARD, "network.nir"])
@pytest.mark.parametrize("content", [b"", b"rubbish", b"\x89HDF\r\n\x1a\n"])
def test_a_broken_model_is_left_out(share: Path, file: str, content: bytes) -> None:
    assert names(list_networks(share)) == ["digits", "motion_detector"]
    (share / "models" / "digits" / file).write_bytes(content)
    listing = list_networks(share)
    assert names(listing) == ["motion_detector"]
    assert len(listing.faults) == 1


def test_a_model_without_a_card_is_a_network_like_others(share: Path) -> None:
    (share / "models" / "digits" / CARD).unlink()
    model, _ = list_networks(share).networks
    assert (model.task, model.metric) == ("camera to classification", "")


def test_what_cannot_be_opened_is_left_out(share: Path) -> None:
    (networks(share) / "gone.yaml").symlink_to(share / "nowhere")
    (networks(share) / "folder.yaml").mkdir()
    assert names(list_networks(share)) == ["digits", "motion_detector"]
    if os.geteuid():
        (networks(share) / "motion_detector.yaml").chmod(0)
        assert names(list_networks(share)) == ["digits"]


def test_a_changed_file_is_read_again(share: Path) -> None:
    before = {each.name: each for each in list_networks(share).networks}
    file = networks(share) / "motion_detector.yaml"
    file.write_text(file.read_text().replace("dt_ms: 1.0", "dt_ms: 5.0", 1))
    after = {each.name: each for each in list_networks(share).networks}
    assert (before["motion_detector"].dt_ms, after["motion_detector"].dt_ms) == (1.0, 5.0)


def test_an_empty_folder_lists_nothing(tmp_path: Path) -> None:
    assert list_networks(tmp_path) == ((), ())
