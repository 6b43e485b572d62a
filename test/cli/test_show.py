"""`neuromorphic show`: pictures and recordings of a run, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.writer import RecordingWriter
from neuromorphic_ros.cli.main import main
from neuromorphic_ros.pipeline.energy_account import ENERGY_TOTAL
from neuromorphic_ros.pipeline.outputs import DETECTIONS, ENERGY, SPIKES, TWIST_STAMPED
from neuromorphic_ros.pipeline.view import EVENTS, MARKERS, RASTER, TOPICS

START_NS = 9_000_000_000
STEPS, STEP_NS = 20, 50_000_000
HEIGHT, WIDTH = 24, 32


@pytest.fixture
def run_path(tmp_path: Path) -> Path:
    """A second of a camera that sees a pixel move, of a robot that drives."""
    path = tmp_path / "run"
    with RecordingWriter(path) as writer:
        for step in range(STEPS):
            stamp_ns = START_NS + step * STEP_NS
            header = {"stamp": stamp_ns, "frame_id": "camera"}
            spikes = {
                "header": header,
                "population": "dvs",
                "shape": np.array((2, HEIGHT, WIDTH), np.uint32),
                "span_ns": STEP_NS,
                "address": np.array([step], np.uint32),
                "offset_ns": np.array([0], np.uint32),
            }
            writer.write("/spikes/dvs", SPIKES, spikes, stamp_ns)
            command = {"header": header, "twist": {"linear": {"x": 0.25}}}
            writer.write("/cmd_vel", TWIST_STAMPED, command, stamp_ns)
        energy = {"header": header, "total_pj": 1e6, "window_s": 1.0, "hardware": "loihi1"}
        writer.write("/energy", ENERGY, energy, stamp_ns)
        total = energy | {"total_pj": 9e9}
        writer.write(f"/{ENERGY_TOTAL}", ENERGY, total, stamp_ns)
        writer.write("/detections", DETECTIONS, {"header": header}, stamp_ns + 2 * STEP_NS)
    return path


def picture(path: Path) -> np.ndarray:
    image = cv2.imread(str(path))
    assert image is not None
    return image


def test_a_run_is_written_again_with_its_view(run_path: Path, tmp_path: Path) -> None:
    out = tmp_path / "view"
    assert main(["show", str(run_path), "--out", str(out)]) == 0
    with open_recording(run_path) as before, open_recording(out) as after:
        kept = [message for message in after.messages() if message.topic in before.topics]
        assert kept == [*before.messages()]
        assert after.topics.keys() - before.topics.keys() == {f"/{topic}" for topic in TOPICS}
        assert after.topics[f"/{RASTER}"].count == after.topics[f"/{EVENTS}"].count
        assert 9 <= after.topics[f"/{RASTER}"].count <= 11
        *_, last = (message.decode() for message in after.messages([f"/{MARKERS}"]))
    (words,) = [marker.text for marker in last.markers if marker.ns == "words"]
    assert words == "1 uW priced on loihi1", "of the last window, not of the total"
    assert main(["show", str(run_path), "--out", str(out)]) == 2
    assert main(["show", str(run_path), "--out", str(out), "--overwrite"]) == 0


def test_the_same_run_gives_the_same_picture(run_path: Path, tmp_path: Path) -> None:
    one, other, early = (tmp_path / name for name in ("one.png", "other.png", "early.png"))
    for file in (one, other):
        assert main(["show", str(run_path), "--figure", str(file)]) == 0
    assert one.read_bytes() == other.read_bytes()
    assert main(["show", str(run_path), "--figure", str(early), "--at", "0.5"]) == 0
    assert picture(early).shape == picture(one).shape
    assert np.any(picture(early) != picture(one))


@pytest.mark.parametrize("at", ["0", "-1", "nan"])
def test_a_moment_before_the_start_is_refused(
    run_path: Path, tmp_path: Path, at: str, capsys: pytest.CaptureFixture[str]
) -> None:
    figure = tmp_path / "figure.png"
    assert main(["show", str(run_path), "--figure", str(figure), "--at", at]) == 2
    assert "--at is" in capsys.readouterr().err
    assert not figure.exists()


def test_a_run_without_spikes_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_path = tmp_path / "run"
    with RecordingWriter(run_path) as writer:
        writer.write("/cmd_vel", TWIST_STAMPED, {}, START_NS)
    assert main(["show", str(run_path), "--figure", str(tmp_path / "figure.png")]) == 2
    assert "no spikes before that moment" in capsys.readouterr().err


def test_spikes_that_do_not_fit_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_path = tmp_path / "run"
    with RecordingWriter(run_path) as writer:
        writer.write("/spikes/dvs", SPIKES, {"shape": np.array([0], np.uint32)}, START_NS)
        odd = {"shape": np.array([3], np.uint32), "address": np.array([5], np.uint32)}
        odd["offset_ns"] = np.array([0], np.uint32)
        writer.write("/spikes/dvs", SPIKES, odd, START_NS)
    assert main(["show", str(run_path), "--out", str(tmp_path / "view")]) == 2
    assert "shape" in capsys.readouterr().err
    assert not (tmp_path / "view").exists()
