"""What reaches a network of a recording is what its engine would be given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.errors import BagError
from neuromorphic_ros.pipeline.recorded_input import recorded_input
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork

from .test_replay import messages, replayed, write

NEAR = [0.5] * 4
SPIKES = "neuromorphic_ros/msg/SpikeArray"


def scans(times_ms: range, ranges: list[float]) -> dict[int, list[float]]:
    return dict.fromkeys(times_ms, ranges)


def test_the_network_fires_of_it_what_it_does_in_replay(spec: NetworkSpec, tmp_path: Path) -> None:
    path = write(tmp_path / "bag", scans(range(0, 600, 50), NEAR))
    with open_recording(path) as recording:
        pieces = recorded_input(spec, recording, {})
    network = StreamingNetwork(spec)
    fired = sum(network.run(piece).address.size for piece in pieces)
    played = [
        each
        for each in messages(replayed(spec, path), SPIKES)
        if each.fields["population"] in ("motor", "map")
    ]
    assert fired > 0
    assert fired == sum(each.fields["address"].size for each in played)
    assert sum(piece.address.size for piece in pieces) > 0


def test_a_recording_without_spikes_is_refused(spec: NetworkSpec, tmp_path: Path) -> None:
    path = write(tmp_path / "bag", scans(range(0, 200, 50), [np.inf] * 4))
    with open_recording(path) as recording, pytest.raises(BagError, match="no spike reaches"):
        recorded_input(spec, recording, {})


def test_a_topic_that_is_not_there_is_refused(spec: NetworkSpec, tmp_path: Path) -> None:
    path = write(tmp_path / "bag", scans(range(0, 200, 50), NEAR))
    with open_recording(path) as recording, pytest.raises(BagError, match="/rear"):
        recorded_input(spec, recording, {"scan": "/rear"})
