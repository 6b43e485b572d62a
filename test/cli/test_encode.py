"""`neuromorphic encode`, as people and scripts use it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import matplotlib.image
import numpy as np
import pytest

from neuromorphic_ros.bags.event_npz import write_event_npz
from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.video import EPOCH_NS
from neuromorphic_ros.bags.writer import RecordingWriter
from neuromorphic_ros.cli.main import main
from neuromorphic_ros.cli.rejections import SHOWN
from neuromorphic_ros.encoding.dvs import PRESETS
from neuromorphic_ros.pipeline.event_stream import open_events
from neuromorphic_ros.resources import share_directory
from neuromorphic_ros.spikes import SpikeBatch, merge

ROBOT = share_directory() / "recordings" / "wheeled_robot"
WIDTH, HEIGHT, FRAMES, FPS = 48, 32, 12, 10.0
# Time, row 1, an ON event of column 2.
EVT3 = np.array((0x8000, 0x6000, 0x0001, 0x2802), "<u2").tobytes()


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """A bright square that moves to the right."""
    path = tmp_path / "square.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (WIDTH, HEIGHT))
    for index in range(FRAMES):
        frame = np.full((HEIGHT, WIDTH, 3), 50, np.uint8)
        frame[8:24, 2 * index : 2 * index + 12] = 220
        writer.write(frame)
    writer.release()
    return path


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Events of a camera of 6 x 4 pixels, 100 ms apart, three of four ON."""
    shape = (2, 4, 6)
    time_ns = EPOCH_NS + np.arange(12) * 100_000_000
    path = tmp_path / "recorded.npz"
    write_event_npz(path, shape, [SpikeBatch.checked(shape, [3, 30, 31, 40] * 3, time_ns)])
    return path


def encoded(capsys: pytest.CaptureFixture[str], file: Path, *options: object) -> dict[str, Any]:
    assert main(["encode", str(file), "--json", *map(str, options)]) == 0
    summary: dict[str, Any] = json.loads(capsys.readouterr().out)
    return summary


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main(["encode", *map(str, arguments)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.strip().splitlines()
    assert lines[-1].startswith("neuromorphic: ")
    return lines[-1]


def events_of(path: Path) -> SpikeBatch:
    with open_events(path) as recording:
        return merge([SpikeBatch.empty(recording.shape), *recording])


def files_of(path: Path) -> list[tuple[str, bytes]]:
    return [(file.name, file.read_bytes()) for file in sorted(path.iterdir())]


def test_a_video_becomes_an_archive(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = encoded(capsys, video, "--out", tmp_path / "new" / "events.npz")
    assert (summary["width"], summary["height"], summary["frames"]) == (WIDTH, HEIGHT, FRAMES)
    assert summary["duration_s"] == pytest.approx((FRAMES - 1) / FPS)
    assert (summary["preset"], summary["seed"], summary["rejected"]) == ("clean", 0, 0)
    assert summary["first_frame_without_events"] is True
    with np.load(tmp_path / "new" / "events.npz") as arrays:
        assert set(arrays) == {"x", "y", "p", "t_ns", "width", "height"}
        assert (arrays["width"], arrays["height"]) == (WIDTH, HEIGHT)
        assert (arrays["x"].dtype, arrays["y"].dtype, arrays["t_ns"].dtype) == (
            np.uint16,
            np.uint16,
            np.int64,
        )
        assert set(np.unique(arrays["p"])) == {0, 1}
        assert arrays["x"].size == summary["events"] > 1000
        assert arrays["p"].mean() == pytest.approx(summary["on_share"])
        assert np.all(np.diff(arrays["t_ns"]) >= 0)
        assert arrays["t_ns"][0] > EPOCH_NS
        assert arrays["t_ns"][-1] <= EPOCH_NS + round(summary["duration_s"] * 1e9)
        # Only the square moves.
        assert arrays["y"].min() >= 6
        assert arrays["y"].max() <= 25


def test_a_bag_holds_the_events_of_the_archive(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    encoded(capsys, video, "--out", tmp_path / "events.npz")
    summary = encoded(capsys, video, "--out", tmp_path / "bag")
    with open_recording(tmp_path / "bag") as bag:
        (topic,) = bag.topics
        arrays = [message.decode() for message in bag.messages()]
    assert (topic, bag.topics[topic].type) == ("/spikes/dvs", "neuromorphic_ros/msg/SpikeArray")
    assert [array.sequence for array in arrays] == list(range(FRAMES))
    assert {array.header.frame_id for array in arrays} == {"camera"}
    assert sum(array.address.size for array in arrays) == summary["events"]
    assert events_of(tmp_path / "bag") == events_of(tmp_path / "events.npz")


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", ["events.npz", "bag", "shown.mp4", "shown.png"])
def test_the_same_seed_gives_the_same_bytes(
    name: str, preset: str, video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    option = "--show" if name.startswith("shown") else "--out"
    written = []
    for run in ("first", "second"):
        path = tmp_path / run / name
        encoded(capsys, video, option, path, "--preset", preset, "--seed", 5)
        written.append(files_of(path if name == "bag" else path.parent))
    assert written[0] == written[1]


def test_another_seed_gives_other_events(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in (0, 1):
        encoded(capsys, video, "--out", tmp_path / f"{seed}.npz", "--seed", seed)
    assert events_of(tmp_path / "0.npz") != events_of(tmp_path / "1.npz")


def test_parameters_change_those_of_the_preset(
    video: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    usual = encoded(capsys, video)
    dull = encoded(capsys, video, "-p", "pos_thres=0.8", "-p", "neg_thres=0.8")
    assert dull["events"] < usual["events"] / 2
    assert usual["parameters"]["pos_thres"] == PRESETS["clean"].pos_thres
    assert dull["parameters"] == usual["parameters"] | {"pos_thres": 0.8, "neg_thres": 0.8}


def test_the_size_is_that_of_the_sensor(video: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = encoded(capsys, video, "--size", "24x16")
    assert (small["width"], small["height"]) == (24, 16)
    assert 0 < small["events"] < encoded(capsys, video)["events"]


def test_recorded_events_are_taken_as_they_are(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = encoded(capsys, recorded, "--out", tmp_path / "again.npz")
    assert (summary["events"], summary["frames"], summary["preset"]) == (12, None, None)
    assert summary["on_share"] == 0.75
    assert summary["duration_s"] == pytest.approx(1.1)
    assert summary["events_per_s"] == pytest.approx(12 / 1.1)
    assert summary["first_frame_without_events"] is False
    assert (tmp_path / "again.npz").read_bytes() == recorded.read_bytes()
    encoded(capsys, recorded, "--out", tmp_path / "bag")
    assert events_of(tmp_path / "bag") == events_of(recorded)
    # A bag that was written is a recording like any other.
    assert encoded(capsys, tmp_path / "bag", "--size", "3x2")["events"] == 12


def test_a_video_shows_frames_left_of_events(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    encoded(capsys, video, "--show", tmp_path / "shown.mp4")
    with open_recording(tmp_path / "shown.mp4") as recording:
        shown = [message.decode() for message in recording.messages()]
        times_ns = [message.log_ns - EPOCH_NS for message in recording.messages()]
    assert times_ns == [round(index / FPS * 1e9) for index in range(FRAMES)]
    height, width = shown[0].height, shown[0].width
    assert width / height == pytest.approx(2 * WIDTH / HEIGHT)
    first, last = (
        each.data.reshape(height, width, 3).astype(int) for each in (shown[0], shown[-1])
    )
    factor = height // HEIGHT
    square = last[16 * factor, (2 * (FRAMES - 1) + 6) * factor]
    np.testing.assert_allclose(square, 220, atol=25)
    colour = np.ptp(last, axis=2) > 80
    assert not colour[:, : width // 2].any()
    assert colour[:, width // 2 :].any()
    # The first frame gives no events.
    assert not (np.ptp(first, axis=2) > 80).any()


def test_events_alone_are_shown_with_their_sum(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    encoded(capsys, recorded, "--show", tmp_path / "shown.mp4")
    capture = cv2.VideoCapture(str(tmp_path / "shown.mp4"))
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(30.0)
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 34
    ok, picture = capture.read()
    assert ok
    width = picture.shape[1]
    assert np.ptp(picture[:, : width // 2].mean(axis=(0, 2))) > 5
    encoded(capsys, recorded, "--show", tmp_path / "shown.png")
    assert matplotlib.image.imread(tmp_path / "shown.png").shape[1] > 1000


def test_a_figure_shows_four_instants(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary = encoded(capsys, ROBOT, "--show", tmp_path / "robot.png")
    assert (summary["topic"], summary["frames"]) == ("/camera/image_raw", 400)
    picture = matplotlib.image.imread(tmp_path / "robot.png")[..., :3]
    blue = (picture[..., 2] - picture[..., 0]) > 0.3
    lower = blue[blue.shape[0] // 2 :]
    assert all(part.any() for part in np.array_split(lower, 4, axis=1))
    assert (tmp_path / "robot.png").stat().st_size < 300_000


def test_the_summary_is_for_people_too(video: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["encode", str(video), "--preset", "noisy", "-p", "cutoff_hz=50"]) == 0
    captured = capsys.readouterr()
    assert captured.err == "topic: /camera/image_raw\n"
    assert f"{video}: {WIDTH}x{HEIGHT} pixels, 1.1 s, {FRAMES} frames" in captured.out
    assert "emulated with preset noisy, cutoff_hz=50, seed 0" in captured.out
    assert "the first frame gives no events" in captured.out
    assert "% ON" in captured.out
    assert "times real time" in captured.out


def test_nothing_happens_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "empty.npz"
    write_event_npz(empty, (2, 4, 6), [])
    summary = encoded(capsys, empty, "--out", tmp_path / "again.npz")
    assert (summary["events"], summary["events_per_s"], summary["on_share"]) == (0, None, None)
    assert main(["encode", str(empty)]) == 0
    assert "0 events" in capsys.readouterr().out
    for name, reason in (("shown.mp4", "no pictures to write"), ("shown.png", "no events to show")):
        assert reason in refusal(capsys, empty, "--show", tmp_path / name)
        assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", ["out.npz", "out"])
def test_what_came_before_damage_is_kept(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = tmp_path / "cut.raw"
    raw.write_bytes(b"% evt 3.0\n% geometry 6x4\n% end\n" + EVT3 + b"\x01")
    out, show = tmp_path / name, tmp_path / "show.mp4"
    message = refusal(capsys, raw, "--out", out, "--show", show)
    assert "breaks off" in message
    assert message.endswith(f"what came before is in {out} and {show}")
    assert len(events_of(out)) == 1
    assert cv2.VideoCapture(str(show)).get(cv2.CAP_PROP_FRAME_COUNT) == 1
    assert "what came before" not in refusal(capsys, raw)


def test_damage_before_the_first_event_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = tmp_path / "cut.raw"
    raw.write_bytes(b"% evt 3.0\n% geometry 6x4\n% end\n" + EVT3[:-2] + b"\x01")
    for name in ("out.npz", "out"):
        message = refusal(capsys, raw, "--out", tmp_path / name, "--show", tmp_path / "show.mp4")
        assert "breaks off" in message
    assert list(tmp_path.iterdir()) == [raw]


def test_frames_that_cannot_be_used_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bag"
    usable = {"encoding": "mono8", "height": 4, "width": 6, "step": 6, "data": np.zeros(24, "u1")}
    with RecordingWriter(path) as writer:
        for index in range(20):
            stamp_ns = EPOCH_NS + index
            fields = {"header": {"stamp": stamp_ns}, **usable}
            if index % 2:
                fields["encoding"] = "mono7"
            writer.write("/eye", "sensor_msgs/msg/Image", fields, stamp_ns)
    assert main(["encode", str(path), "--json"]) == 0
    captured = capsys.readouterr()
    summary = json.loads(captured.out)
    assert (summary["frames"], summary["rejected"]) == (10, 10)
    rejected = [line for line in captured.err.splitlines() if line.startswith("rejected: ")]
    assert len(rejected) == SHOWN + 1
    assert "'mono7' is unknown" in rejected[0]
    assert rejected[-1] == "rejected: 10 frames in all"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["-p", "pos_thres"], "is not NAME=VALUE"),
        (["-p", "threshold=0.1"], "parameter 'threshold' is unknown; there are pos_thres, neg_"),
        (["-p", "pos_thres=-1"], "pos_thres = -1"),
        (["-p", "pos_thres=high"], "pos_thres = 'high'"),
        (["--seed", "-1"], "--seed -1 must not be negative"),
        (["--size", "346"], "--size 346 is not WIDTHxHEIGHT"),
        (["--size", "0x260"], "--size 0x260 is not WIDTHxHEIGHT"),
        (["--size", "9999x9999"], "each 1 to 8192"),
        (["--size=-3x4"], "--size -3x4 is not"),
        (["--topic", "/none"], "no topic /none; it has /camera/image_raw"),
        (["--sample", "1"], "samples are those of an .npz"),
        (["--out", "a.mp4", "--show", "./a.mp4"], "a.mp4: cannot be both --out and --show"),
        (["--show", "shown.gif"], "--show shown.gif must end in .mp4 for a video or .png"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(
    options: list[str], reason: str, video: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reason in refusal(capsys, video, *options)


@pytest.mark.parametrize("options", [["--preset", "clean"], ["--seed", "0"], ["-p", "cutoff_hz=1"]])
def test_recorded_events_are_not_emulated_again(
    options: list[str], recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "which are taken as they are" in refusal(capsys, recorded, *options)


def test_what_is_no_recording_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "does not exist" in refusal(capsys, tmp_path / "nowhere.mp4")
    for name, words in (
        ("text.mp4", "is not a video that can be decoded"),
        ("text.txt", "is not a recording"),
        ("text.npz", "text.npz"),
        ("text.raw", "text.raw"),
    ):
        (tmp_path / name).write_text("no recording", encoding="utf-8")
        assert words in refusal(capsys, tmp_path / name)


@pytest.mark.parametrize("name", ["out.npz", "out"])
def test_what_was_written_is_not_replaced_unasked(
    name: str, video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, show = tmp_path / name, tmp_path / "show.png"
    encoded(capsys, video, "--out", out, "--show", show)
    before = out.read_bytes() if out.is_file() else files_of(out)
    figure = show.read_bytes()
    assert "exists already" in refusal(capsys, video, "--out", out, "--seed", 1)
    assert "exists already" in refusal(capsys, video, "--show", show, "--seed", 1)
    assert (out.read_bytes() if out.is_file() else files_of(out)) == before
    assert show.read_bytes() == figure
    encoded(capsys, video, "--out", out, "--show", show, "--seed", 1, "--overwrite")
    assert (out.read_bytes() if out.is_file() else files_of(out)) != before
    assert show.read_bytes() != figure


def test_a_recording_is_never_its_own_output(
    video: Path, recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = recorded.read_bytes()
    message = refusal(capsys, recorded, "--out", recorded, "--overwrite")
    assert "is the recording itself" in message
    assert recorded.read_bytes() == before
    bag = tmp_path / "bag"
    encoded(capsys, video, "--out", bag)
    assert "is the recording itself" in refusal(capsys, bag, "--out", bag, "--overwrite")
    # Nor is a folder replaced that is no recording.
    folder = tmp_path / "folder.npz"
    folder.mkdir()
    assert "is a folder" in refusal(capsys, video, "--out", folder, "--overwrite")


@pytest.mark.parametrize(
    ("option", "name"),
    [("--out", "a.npz"), ("--out", "a"), ("--show", "a.mp4"), ("--show", "a.png")],
)
def test_a_place_that_cannot_be_written_is_refused(
    option: str, name: str, video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Also root, who may write everywhere, cannot make a folder inside a file.
    (tmp_path / "file").touch()
    assert f"file/{name}: cannot be " in refusal(capsys, video, option, tmp_path / "file" / name)


def test_as_a_process_without_a_display(video: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "neuromorphic_ros.cli.main", "encode", str(video), "--json"]
    outputs = ["--out", "events.npz", "--show", "shown.png"]
    done = subprocess.run(
        [*command, *outputs], cwd=tmp_path, capture_output=True, text=True, env={}
    )
    assert done.returncode == 0
    summary = json.loads(done.stdout)
    assert done.stderr == "topic: /camera/image_raw\n"
    assert len(events_of(tmp_path / "events.npz")) == summary["events"] > 0
    assert (tmp_path / "shown.png").read_bytes().startswith(b"\x89PNG")
    failed = subprocess.run([*command, *outputs], cwd=tmp_path, capture_output=True, text=True)
    assert (failed.returncode, failed.stdout) == (2, "")
    assert failed.stderr == (
        "neuromorphic: events.npz: exists already; choose another name or pass --overwrite\n"
    )


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "options", "size", "events", "duration_s"),
    [
        ("bag_events_evt3_vga_ros2", [], (640, 480), 343_474, 2.08),
        ("events_davis346_aedat4/davis.aedat4", [], (346, 260), 117_667, 0.130),
        ("events_dvs128_gesture/10_air_guitar.npz", [], (128, 128), 85_936, 1.45),
        ("events_nmnist/nmnist_train_0001_0300.npz", ["--sample", 3], (34, 34), 2_723, 0.31),
        ("events_prophesee_raw/evt2_spinning_dot_640x480.raw", [], (640, 480), 539_481, 0.05),
        ("events_prophesee_raw/evt3_driving_1280x720.raw", [], (1280, 720), 219_596, 0.0088),
    ],
)
def test_real_event_cameras(
    shared_data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    options: list[object],
    size: tuple[int, int],
    events: int,
    duration_s: float,
) -> None:
    if name.endswith(".aedat4"):
        pytest.importorskip("aedat")
    summary = encoded(capsys, shared_data / name, *options, "--out", tmp_path / "bag")
    assert (summary["width"], summary["height"]) == size
    assert summary["events"] == events
    assert summary["duration_s"] == pytest.approx(duration_s, rel=0.02)
    assert len(events_of(tmp_path / "bag")) == events


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "frames", "size"),
    [
        ("videos/tree.avi", 68, (320, 240)),
        ("videos_asl_gestures/want.mkv", 47, (640, 480)),
        ("bag_camera_slider_depth_ros2", 87, (240, 180)),
    ],
)
def test_real_frames(
    shared_data: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    frames: int,
    size: tuple[int, int],
) -> None:
    summary = encoded(capsys, shared_data / name)
    assert (summary["frames"], summary["rejected"]) == (frames, 0)
    assert (summary["width"], summary["height"]) == size
    assert 0.2 < summary["on_share"] < 0.8
    assert summary["events"] > 10_000
