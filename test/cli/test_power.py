"""`neuromorphic power`."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib.image
import pytest

from neuromorphic_ros.cli.main import main


def test_the_policy_is_printed_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["power"]) == 0
    rows = {" ".join(line.split()) for line in capsys.readouterr().out.splitlines()}
    assert rows >= {
        "situation power mode quality why",
        "nothing known largest high nothing limits",
        "battery at 10% smallest low battery at 10%, limited below 20%",
        "75 degC smallest low, throttled 75.0 degC, throttled above 70 degC",
    }


def test_parameters_change_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["power", "--set", "governor.battery_low=0.4", "--set", "sleep.after_s=2"]) == 0
    printed = capsys.readouterr().out
    assert "battery at 20%, limited below 40%" in printed
    assert "nothing to do for 2 s" in printed


def test_the_made_up_run_is_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["power", "--json", "--set", "governor.throttle_c=50"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["governor"]["throttle_c"] == 50.0
    assert found["sleep"] == {"after_s": 1.0}
    hottest = [each for each in found["decisions"] if each["throttled"]]
    assert hottest[0]["temperature_c"] > 50.0
    assert (hottest[0]["level"], hottest[0]["quality"]) == ("low", "low")
    assert found["decisions"][0]["at_s"] == 0.0
    assert all(0 <= each["at_s"] < found["duration_s"] for each in found["decisions"])


def test_the_figure_of_the_docs_looks_as_what_the_command_draws(tmp_path: Path) -> None:
    assert main(["power", "--figure", str(tmp_path / "deep" / "policy.png")]) == 0
    drawn = matplotlib.image.imread(tmp_path / "deep" / "policy.png")
    shown = matplotlib.image.imread(Path(__file__).parents[2] / "docs/figures/power_policy.png")
    # Fonts and their edges differ between versions of matplotlib.
    assert drawn.shape == shown.shape
    assert abs(drawn - shown).mean() < 0.02


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", "governor.battery_low=2"], "battery_low"),
        (["--set", "governor.battery_low=0.6"], "battery_medium 0.5 must not be below"),
        (["--set", "governor.sleep_after_s=1"], "sleep.after_s"),
        (["--set", "governor.throttle_c=warm"], "throttle_c"),
        (["--set", "battery_low"], "is not NAME=VALUE"),
        (["--figure", "policy.gif"], "must end in .png or .svg"),
        (["--figure", "/proc/none/policy.png"], "cannot be written"),
    ],
)
def test_what_cannot_be_is_refused(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["power", *arguments]) == 2
    told = capsys.readouterr()
    assert words in told.err
    assert told.out == ""
