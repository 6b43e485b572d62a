"""`neuromorphic run`: a network from a NIR or YAML file over an array of input."""

from __future__ import annotations

import argparse
import json
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.array_header import check_declared
from neuromorphic_ros.backends.base import Runner
from neuromorphic_ros.backends.registry import BACKENDS, backend, compiler
from neuromorphic_ros.cli.nir_arguments import add_nir_arguments, network_model
from neuromorphic_ros.errors import NetworkError, SpikeError
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import ONES, TickSpikes

MAX_INPUT_BYTES = 2**32
JETSON, TORCH = "jetson", "torch"

Values = npt.NDArray[np.float32]


def add_parser(subparsers: Any) -> None:
    """Add the `run` subcommand."""
    parser = subparsers.add_parser(
        "run",
        help="run a network from a NIR or YAML file over recorded input",
        description="Run a network as the framework that wrote its NIR file does. Reads `input` "
        "(T, ...) of an npz file, or one array per input by name, and writes `output` (T, ...): "
        "spikes, or the membrane where neurons do not spike; of several outputs the first, and "
        "each by its name.",
    )
    parser.add_argument(
        "model", type=Path, help="network: name of a shipped one, NIR file, or YAML by its ending"
    )
    parser.add_argument("--input", type=Path, required=True, help="npz file with the input")
    parser.add_argument("--output", type=Path, required=True, help="npz file to write")
    add_nir_arguments(parser)
    parser.add_argument(
        "--backend", default=JETSON, help=f"hardware to run on: {', '.join(BACKENDS)}"
    )
    parser.add_argument(
        "--engine",
        default="",
        help=f"one of the backend's engines, or {TORCH}: the torch reference (default: the first)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the network and print what was assumed, the spikes and the time taken.

    Raises NeuromorphicError if the network, the input or a convention cannot be used.
    """
    model = network_model(arguments)
    inputs = _inputs(arguments.input, model.spec)
    start = time.perf_counter()
    wanted = tuple(model.outputs.values())
    if (arguments.backend, arguments.engine) == (JETSON, TORCH):
        made = _torch(model.spec, inputs, wanted)
    else:
        compile_network = compiler(arguments.backend, {"engine": arguments.engine})
        made = _stepped(compile_network(model.spec), inputs, wanted)
    seconds = time.perf_counter() - start
    outputs = {name: made.outputs[population] for name, population in model.outputs.items()}
    _write(arguments.output, {"output": next(iter(outputs.values())), **outputs})
    ticks = len(next(iter(inputs.values())))
    engine = arguments.engine or backend(arguments.backend).engines[0]
    if arguments.json:
        shown = {
            "model": str(arguments.model),
            "backend": arguments.backend,
            "engine": engine,
            "ticks": ticks,
            "dt_ms": model.spec.dt_ms,
            "seconds": seconds,
            "spikes": made.spikes,
            "outputs": {name: list(values.shape) for name, values in outputs.items()},
            "assumed": list(model.assumed),
            "delayed": list(model.delayed),
        }
        print(json.dumps(shown))
        return 0
    for line in model.assumed:
        print(f"assumed: {line}")
    for projection in model.delayed:
        print(f"delayed: {projection} closes a cycle")
    for name, spikes in made.spikes.items():
        print(f"{name}: {spikes} spikes")
    print(
        f"{arguments.output}: {ticks} ticks of {model.spec.dt_ms:g} ms in {seconds * 1e3:.1f} ms "
        f"({arguments.backend}, {engine})"
    )
    return 0


class _Made(NamedTuple):
    """outputs: (T, ...) of each population that was asked for. spikes: of every population."""

    outputs: dict[str, Values]
    spikes: dict[str, int]


def _inputs(path: Path, spec: NetworkSpec) -> dict[str, Values]:
    """Read the input of each source, float32 (T, *shape)."""
    arrays = _load(path)
    if len(spec.inputs) == 1 and "input" in arrays:
        arrays = {spec.inputs[0].name: arrays["input"]}
    found = {}
    for source in spec.inputs:
        if source.name not in arrays:
            raise SpikeError(f"{path}: has no array for input '{source.name}'")
        values = arrays[source.name]
        if values.shape[1:] != source.shape or values.ndim == 0:
            raise SpikeError(
                f"{path}: input '{source.name}' has shape {values.shape}, the network takes "
                f"(T, {', '.join(map(str, source.shape))})"
            )
        if values.dtype.kind not in "fiub":
            raise SpikeError(f"{path}: input '{source.name}' holds {values.dtype}, not numbers")
        with np.errstate(over="ignore"):
            found[source.name] = values.astype(np.float32)
        if not np.all(np.isfinite(found[source.name])):
            raise SpikeError(f"{path}: input '{source.name}' holds NaN or infinity")
    lengths = {name: len(values) for name, values in found.items()}
    if len(set(lengths.values())) != 1:
        raise SpikeError(f"{path}: inputs differ in length: {lengths}; make them equal")
    return found


def _load(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Read the arrays of an npz file, after their declared sizes."""
    try:
        with zipfile.ZipFile(path) as archive:
            check_declared(archive, archive.namelist(), MAX_INPUT_BYTES)
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, KeyError, NotImplementedError, zipfile.error) as wrong:
        reason = " ".join(str(wrong).split()) or type(wrong).__name__
        raise SpikeError(f"{path}: is not a readable npz file: {reason}") from None


def _write(path: Path, arrays: Mapping[str, Values]) -> None:
    try:
        with path.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
    except OSError as unwritable:
        raise SpikeError(f"{path}: cannot be written: {unwritable}") from None


def _stepped(network: Runner, inputs: Mapping[str, Values], outputs: tuple[str, ...]) -> _Made:
    spec, driven = network.spec, _events(inputs)
    ticks = driven.ticks
    made = {name: np.zeros((ticks, spec.population(name).size), np.float32) for name in outputs}
    graded = [name for name in made if not spec.population(name).neuron.spikes]
    if graded and not isinstance(network, StreamingNetwork):
        raise NetworkError(
            f"population '{graded[0]}' has a membrane to read and no spikes, which this hardware "
            f"does not give: run it on {JETSON}"
        )
    begins, begin = {}, 0
    for population in spec.execution_order():
        begins[population.name], begin = begin, begin + population.size
    # Membranes are read after every tick; without any, all ticks are one call.
    length = 1 if graded else max(1, ticks)
    for start in range(0, ticks, length):
        fired = network.run(driven.between(start, start + length))
        tick = start + np.repeat(np.arange(fired.ticks), np.diff(fired.first))
        amount = fired.value if fired.value.size else np.ones(tick.size, np.float32)
        for name, values in made.items():
            place = fired.address.astype(np.int64) - begins[name]
            mine = (place >= 0) & (place < values.shape[1])
            values[tick[mine], place[mine]] = amount[mine]
        if isinstance(network, StreamingNetwork):
            for name in graded:
                made[name][start] = network.membrane(name)
    shaped = {
        name: values.reshape(ticks, *spec.population(name).shape) for name, values in made.items()
    }
    counted = network.counts().by_population()
    return _Made(shaped, {name: counted[name] for name in _spiking(spec)})


def _torch(spec: NetworkSpec, inputs: Mapping[str, Values], outputs: tuple[str, ...]) -> _Made:
    # Only this engine needs torch.
    import torch

    from neuromorphic_ros.snn.network import TorchNetwork

    tensors = {name: torch.from_numpy(values[:, None]) for name, values in inputs.items()}
    with torch.no_grad():
        sent, _ = TorchNetwork(spec)(tensors)
    return _Made(
        {name: sent[name][:, 0].numpy().astype(np.float32) for name in outputs},
        {name: int(sent[name].sum()) for name in _spiking(spec)},
    )


def _spiking(spec: NetworkSpec) -> list[str]:
    return [population.name for population in spec.populations if population.neuron.spikes]


def _events(inputs: Mapping[str, Values]) -> TickSpikes:
    """Return the entries that are not zero as events, in the order of the inputs."""
    flat = [values.reshape(len(values), -1) for values in inputs.values()]
    channels = np.concatenate(flat, axis=1)
    tick, address = np.nonzero(channels)
    amounts = channels[tick, address]
    return TickSpikes(
        address.astype(np.uint32),
        np.searchsorted(tick, np.arange(len(channels) + 1)).astype(np.int64),
        ONES if np.all(amounts == 1) else amounts,
    )
