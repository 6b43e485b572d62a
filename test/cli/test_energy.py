"""The prices of a recording, as scripts and as people read them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from neuromorphic_ros.bags.writer import RecordingWriter
from neuromorphic_ros.cli.main import main
from neuromorphic_ros.pipeline.networks import hardware_names

MS = 1_000_000
SCAN = "sensor_msgs/msg/LaserScan"
CONTRACT = {
    "dynamic_pj": float,
    "static_pj": (float, type(None)),
    "total_pj": float,
    "lower_bound": bool,
    "grade": str,
    "baseline_pj": float,
    "ratio": (float, type(None)),
    "counts": dict,
}


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("energy") / "bag"
    with RecordingWriter(path) as writer:
        for at_ms in range(0, 2000, 100):
            stamp_ns = 10_000 * MS + at_ms * MS
            fields = {
                "header": {"stamp": stamp_ns, "frame_id": "laser"},
                "angle_min": -1.5,
                "angle_increment": 0.05,
                "range_min": 0.1,
                "range_max": 30.0,
                "ranges": np.full(60, 1.0, np.float32),
            }
            writer.write("/scan", SCAN, fields, stamp_ns)
    return path


def priced(
    bag: Path, capsys: pytest.CaptureFixture[str], *more: str
) -> dict[str, dict[str, object]]:
    assert main(["energy", str(bag), "--network", "obstacle_avoider", "--json", *more]) == 0
    found: dict[str, dict[str, object]] = json.loads(capsys.readouterr().out)
    return found


def test_all_hardware_is_priced_as_scripts_expect(
    bag: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = priced(bag, capsys, "--hardware", "all")
    assert list(found) == hardware_names()
    for name, item in found.items():
        for field, kind in CONTRACT.items():
            assert isinstance(item[field], kind), (name, field)
    assert len({json.dumps(item["counts"]) for item in found.values()}) == 1


def test_totals_are_those_of_populations_and_projections(
    bag: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (item,) = priced(bag, capsys, "--hardware", "loihi1").values()
    counts = item["counts"]
    assert isinstance(counts, dict)
    by_population = counts["by_population"].values()
    assert counts["spikes"] == sum(each["spikes"] for each in by_population) > 0
    assert counts["neuron_updates"] == counts["active_updates"] + counts["idle_updates"]
    events = sum(each["projection_events"] for each in counts["by_projection"])
    assert counts["synaptic_events"] == events > 0
    assert item["dynamic_pj"] == pytest.approx(
        23.6 * events + 81 * counts["active_updates"] + 52 * counts["idle_updates"]
    )


def test_another_baseline_can_be_chosen(bag: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--hardware", "loihi1,truenorth", "--baseline", "jetson_nano")
    for item in priced(bag, capsys, *options).values():
        assert item["baseline"] == "jetson_nano"
        assert "dense on jetson_nano / spiking on " in str(item["ratio_is"])


def test_people_read_a_table_that_says_what_is_missing(
    bag: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["energy", str(bag), "--network", "obstacle_avoider"]) == 0
    text = capsys.readouterr().out
    for words in (
        "spikes per neuron and tick",
        "not of measurements",
        "not published: spike",
        "at least",
        "dense on horowitz_45nm_int8 / spiking on truenorth, without static power: ",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--hardware", "abacus"], "hardware 'abacus' is unknown"),
        (["--baseline", "truenorth"], "baseline 'truenorth' has no price"),
        (["--network", "none"], "network 'none' is neither"),
    ],
)
def test_what_is_unknown_is_named(
    bag: Path, capsys: pytest.CaptureFixture[str], options: list[str], complaint: str
) -> None:
    assert main(["energy", str(bag), "--network", "obstacle_avoider", *options]) == 2
    assert complaint in capsys.readouterr().err
