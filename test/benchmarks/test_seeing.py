"""What is said of the networks that name what they see."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import seeing

from neuromorphic_ros.bags.typestore import stamp_ns
from neuromorphic_ros.encoding.event_camera.packet import EventPacketDecoder
from neuromorphic_ros.spikes import SpikeBatch


def test_packets_hold_the_events() -> None:
    generator = np.random.default_rng(0)
    address = generator.integers(0, 2 * 6 * 8, 500).astype(np.uint32)
    time_ns = np.sort(generator.integers(0, 95_000_000, 500))
    decoder = EventPacketDecoder()
    found = [
        decoder.decode(packet, stamp_ns(packet))
        for packet in seeing.packets(
            SpikeBatch((2, 6, 8), address, time_ns), 10**18, 200_000_000, 7
        )
    ]
    assert len(found) == 20
    assert np.array_equal(np.concatenate([each.address for each in found]), address)
    assert np.array_equal(np.concatenate([each.time_ns for each in found]), time_ns + 10**18)
    assert decoder.counts.lost == 0


@pytest.mark.data
def test_held_out_recordings_are_named(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROMORPHIC_DATA", str(shared_data))
    row = seeing.measured("gestures", limit=2)
    assert json.loads(json.dumps(row)) == row
    assert (row["recordings"], row["answers"]) == (2, 10)
    assert row["right_percent"] == 100
    assert row["named_while_still"] <= 1
    assert row["still"] > 5


def test_models_without_data_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NEUROMORPHIC_DATA", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["seeing.py"])
    seeing.main()
    said = capsys.readouterr().out
    assert said.count("are not there") == len(seeing.MODELS)
    assert "nothing was measured" in said
