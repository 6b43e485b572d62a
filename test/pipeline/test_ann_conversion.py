"""Files of conventional networks converted for hardware, mapped and measured."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from neuromorphic_ros.backends import registry
from neuromorphic_ros.backends.base import Runner
from neuromorphic_ros.backends.fit import Fit
from neuromorphic_ros.backends.options import Options
from neuromorphic_ros.compression.ann.layers import AnnError
from neuromorphic_ros.errors import BackendError, NetworkError
from neuromorphic_ros.pipeline.accuracy_by_ticks import AccuracyByTicks
from neuromorphic_ros.pipeline.ann_conversion import (
    MAX_TICKS,
    TARGETS,
    Order,
    convert_model,
    name_of,
    write_network,
)
from neuromorphic_ros.snn.array import as_numpy
from neuromorphic_ros.snn.network_file import load_network
from neuromorphic_ros.snn.neurons.leaky import If
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork

from .conversions import Files, write_files

FITS = Fit(1, 1, 8, 0.0, {"output": 0}, {}, ())
REFUSED = Fit(0, 1, 8, math.nan, {}, {}, ("too many neurons, 1 is the limit: take fewer",))


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return write_files(tmp_path)


def answer(monkeypatch: pytest.MonkeyPatch, fit: Fit, name: str = "jetson") -> None:
    """Let a backend say how every network fits."""
    changed = registry.BACKENDS[name]._replace(examine=lambda _: fit)
    monkeypatch.setitem(registry.BACKENDS, name, changed)


@pytest.mark.parametrize("target", TARGETS)
def test_a_network_is_converted_as_the_target_has_it(files: Files, target: str) -> None:
    done = convert_model(Order(files.model, target, files.data))
    wanted = TARGETS[target]
    assert done.bits == wanted.bits
    assert [layer.population for layer in done.converted.layers] == ["layer1", "output"]
    for population in done.converted.spec.populations:
        assert isinstance(population.neuron, If)
        assert population.neuron.reset == wanted.reset
        assert (as_numpy(population.neuron.threshold).ndim > 0) == wanted.per_channel
    largest = max(np.abs(as_numpy(each.weights)).max() for each in done.converted.spec.projections)
    assert largest == (2 ** (wanted.bits - 1) - 1 if wanted.bits else 1)
    assert done.measured is not None
    assert done.measured.ann == done.measured.here.samples == 12
    assert done.measured.here.after(16) == done.measured.in_float.after(16) == 1.0


def test_what_was_measured_on_the_target_is_told(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, FITS)
    told: list[str] = []
    done = convert_model(Order(files.model, "jetson", files.data, bits=8, there=True), told.append)
    assert done.bits == 8
    assert done.measured is not None
    there = done.measured.there
    assert isinstance(there, AccuracyByTicks)
    assert there.right.tolist() == done.measured.here.right.tolist()
    assert len(there.right) == MAX_TICKS
    assert told[:3] == ["reading", "calibrating", "mapping"]
    assert "measuring on jetson: sample 12 of 12" in told


def test_what_does_not_fit_is_measured_here_alone(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, REFUSED)
    done = convert_model(Order(files.model, "jetson", files.data, there=True))
    assert not done.fit.fits
    assert done.measured is not None
    assert done.measured.there == "it does not fit"


def test_a_backend_that_cannot_run_is_quoted(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, FITS)

    def fail(spec: NetworkSpec, options: Options) -> Runner:
        raise BackendError("it is not there")

    without = registry.BACKENDS["jetson"]._replace(compile=fail)
    monkeypatch.setitem(registry.BACKENDS, "jetson", without)
    measured = convert_model(Order(files.model, "jetson", files.data, there=True)).measured
    assert measured is not None
    assert str(measured.there) == "it is not there"


def test_the_target_is_spared_unless_somebody_asks(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, FITS)
    done = convert_model(Order(files.model, "jetson", files.data))
    assert done.fit.fits
    assert done.measured is not None
    assert done.measured.there == ""


def test_samples_without_labels_are_calibrated_with_and_not_measured_on(tmp_path: Path) -> None:
    files = write_files(tmp_path, labelled=False)
    assert convert_model(Order(files.model, "jetson", files.data)).measured is None


def test_thresholds_are_not_set_by_what_is_held_out(files: Files) -> None:
    with np.load(files.data) as arrays:
        inputs, labels = arrays["inputs"], arrays["labels"]
    before = convert_model(Order(files.model, "jetson", files.data)).converted.largest_input
    from neuromorphic_ros.learning.samples import split_by_class

    held_out = split_by_class(labels, 0.2, 0)
    inputs[held_out] *= 100
    np.savez(files.data, inputs=inputs, labels=labels)
    assert convert_model(Order(files.model, "jetson", files.data)).converted.largest_input == before
    other = convert_model(Order(files.model, "jetson", files.data, seed=1))
    assert other.converted.largest_input > 10 * before


def test_fewer_samples_are_measured_on_if_that_is_asked_for(files: Files) -> None:
    measured = convert_model(Order(files.model, "jetson", files.data, most_measured=5)).measured
    assert measured is not None
    assert measured.here.samples == measured.in_float.samples == 5


@pytest.mark.parametrize(
    ("changes", "error", "complaint"),
    [
        ({"target": "abacus"}, BackendError, "target 'abacus' is unknown; there are loihi2, true"),
        ({"bits": 1}, AnnError, "conversion: a weight of 1 bit is a sign alone"),
        ({"bits": 99}, AnnError, "conversion: bits = 99"),
        ({"percentile": 0.0}, AnnError, r"conversion: percentile = 0\.0"),
    ],
)
def test_orders_that_make_no_sense_are_refused(
    files: Files, changes: dict[str, object], error: type[Exception], complaint: str
) -> None:
    order = Order(files.model, "loihi2", files.data)._replace(**changes)
    with pytest.raises(error, match=complaint):
        convert_model(order)


def test_too_few_samples_to_hold_some_out_are_refused(files: Files) -> None:
    np.savez(files.data, inputs=np.ones((3, 6)), labels=np.arange(3))
    with pytest.raises(AnnError, match="3 samples are too few to hold some of each class out"):
        convert_model(Order(files.model, "jetson", files.data))


@pytest.mark.parametrize(
    ("stem", "name"),
    [("net", "net"), ("0_net-1.5", "net_0_net_1_5"), ("ünet", "net__net"), ("_", "net__")],
)
def test_names_of_files_become_names_of_networks(stem: str, name: str) -> None:
    assert name_of(Path(f"{stem}.onnx")) == name


def test_a_network_is_written_as_a_whole_or_not_at_all(files: Files, tmp_path: Path) -> None:
    spec = convert_model(Order(files.model, "loihi2", files.data)).converted.spec
    path = tmp_path / "new" / "net.nir"
    write_network(spec, path)
    assert load_network(path) == spec
    StreamingNetwork(load_network(path))
    (tmp_path / "file").touch()
    with pytest.raises(NetworkError, match="cannot be written"):
        write_network(spec, tmp_path / "file" / "net.nir")
    large = dataclasses.replace(spec, name="other")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.replace", _fail)
        with pytest.raises(NetworkError, match="no room"):
            write_network(large, path)
    assert load_network(path) == spec
    assert [each.name for each in path.parent.iterdir()] == ["net.nir"]


def _fail(*_: object) -> None:
    raise OSError("no room")
