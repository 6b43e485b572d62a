"""`neuromorphic train`, `models` and `evaluate`, as scripts call them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from neuromorphic_ros.cli.main import main
from neuromorphic_ros.pipeline.models import find_model, model_names

# Anything that imports torch fails as it does where there is none.
WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
from neuromorphic_ros.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """Write 40 figures of two classes: upright and lying strokes with noise."""
    generator = np.random.default_rng(0)
    images = generator.uniform(0, 3, (40, 8, 8))
    labels = np.arange(40) % 2
    images[labels == 0, 1:7, 3:5] += 13
    images[labels == 1, 3:5, 1:7] += 13
    path = tmp_path / "digits.npz"
    np.savez(path, images=images, labels=labels)
    return path


def without_torch(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ["train", "letters"],
            "recipe 'letters' is unknown; there are basic_motions, cartpole, converted_digits",
        ),
        (["train", "digits", "--data", "/nowhere"], "/nowhere: the data of recipe 'digits'"),
        (["evaluate", "letters", "--data", "/nowhere"], "model 'letters'"),
        (["evaluate", "digits", "--data", "/nowhere"], "/nowhere: has no image files"),
    ],
)
def test_what_is_not_there_is_told(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert complaint in capsys.readouterr().err


def test_without_data_the_variable_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NEUROMORPHIC_DATA", str(tmp_path))
    assert main(["train", "digits"]) == 2
    assert "NEUROMORPHIC_DATA" in capsys.readouterr().err


@pytest.mark.parametrize("epochs", ["0", "-1"])
def test_no_epochs_are_refused(
    digits: Path, epochs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    assert main(["train", "digits", "--data", str(digits), "--epochs", epochs]) == 2
    assert "epochs" in capsys.readouterr().err


def test_without_torch_it_says_how_to_get_it(digits: Path) -> None:
    failed = without_torch("train", "digits", "--data", str(digits))
    assert failed.returncode == 2
    assert "pip install neuromorphic_ros[torch]" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_model_is_evaluated_without_torch(digits: Path) -> None:
    done = without_torch("evaluate", "digits", "--data", str(digits), "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["samples"] == 40
    confusion = np.array(found["confusion"])
    assert confusion.shape == (10, 10)
    assert confusion.sum(axis=1).tolist() == [20, 20] + 8 * [0]
    assert found["accuracy"] == np.trace(confusion) / 40


@pytest.mark.data
def test_a_liquid_is_trained_and_evaluated_without_torch(shared_data: Path, tmp_path: Path) -> None:
    data = str(shared_data / "imu_basicmotions" / "BasicMotions_TRAIN.ts")
    out = str(tmp_path / "motions")
    trained = without_torch("train", "basic_motions", "--data", data, "--out", out, "--quiet")
    assert trained.returncode == 0, trained.stderr
    done = without_torch("evaluate", out, "--data", data, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) >= {"accuracy", "samples", "confusion"}
    assert found["samples"] == 40
    assert found["accuracy"] > 0.95


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "file", "samples", "metrics"),
    [
        ("gestures", "events_dvs128_gesture/08_arm_roll.npz", 12, {"accuracy"}),
        ("gestures", "events_dvs128_gesture", 72, {"accuracy"}),
        ("graph_gestures", "events_dvs128_gesture", 72, {"accuracy"}),
        (
            "pump_faults",
            "fault_skab_pump/valve1_1.csv",
            1145,
            {"false_alarm_rate", "missed_alarm_rate"},
        ),
    ],
)
def test_real_files_are_evaluated_as_scripts_expect(
    name: str,
    file: str,
    samples: int,
    metrics: set[str],
    shared_data: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["evaluate", name, "--data", str(shared_data / file)]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) >= metrics | {"samples", "confusion"}
    assert found["samples"] == np.sum(found["confusion"]) == samples
    assert all(0 <= found[metric] <= 1 for metric in metrics)
    assert main(words) == 0
    assert f"of {samples} samples" in capsys.readouterr().out


def test_models_are_listed_as_scripts_expect(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in found] == model_names()
    for each in found:
        assert set(each) == {
            "name",
            "task",
            "metric",
            "value",
            "ci95",
            "samples",
            "synaptic_operations",
            "command",
        }
        low, high = each["ci95"]
        assert 0 <= low <= each["value"] <= high <= 1
    assert main(["models"]) == 0
    assert "digits: handwritten digits" in capsys.readouterr().out


def test_training_goes_on_and_ends_the_same(
    digits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    from neuromorphic_ros.learning import surrogate

    def train(out: Path) -> int:
        words = ["train", "digits", "--data", str(digits), "--epochs", "3", "--quiet"]
        return main([*words, "--out", str(out)])

    assert train(tmp_path / "straight") == 0
    whole = surrogate.advance
    epochs = 0

    def interrupted(*given: surrogate.Work) -> surrogate.TrainingState:
        nonlocal epochs
        epochs += 1
        if epochs == 3:
            raise KeyboardInterrupt
        return whole(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(surrogate, "advance", interrupted)
        assert train(tmp_path / "again") == 130
    assert (tmp_path / "again" / "training_0.safetensors").is_file()
    capsys.readouterr()
    assert train(tmp_path / "again") == 0
    assert "going on after epoch 2" in capsys.readouterr().err
    for name in ("network.nir", "card.yaml"):
        one, other = (tmp_path / each / name for each in ("straight", "again"))
        assert one.read_bytes() == other.read_bytes()
    assert not [*tmp_path.rglob("*.safetensors")]
    card = find_model(str(tmp_path / "again")).card
    assert card.samples == 8
    assert card.value >= 0.75
    assert card.command == "neuromorphic train digits --seed 0 --epochs 3"
    assert main(["evaluate", str(tmp_path / "again"), "--data", str(digits)]) == 0
    assert "of 40 samples" in capsys.readouterr().out
