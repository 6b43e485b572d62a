"""The networks that can be loaded by name, and what is known of each."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from neuromorphic_ros.errors import NetworkError, NeuromorphicError
from neuromorphic_ros.pipeline.models import CARD, load_card
from neuromorphic_ros.pipeline.networks import network_file, network_files
from neuromorphic_ros.snn.network_file import load_network
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.summary import summarize


class ListedNetwork(NamedTuple):
    """A network, with the fields of ModelInfo.msg.

    metric: empty where nothing was measured, value is nan then.
    """

    name: str
    task: str
    file: str
    format: str
    neurons: int
    synapses: int
    dt_ms: float
    metric: str
    value: float


class Listing(NamedTuple):
    """What could be read, by name, and why the rest could not."""

    networks: tuple[ListedNetwork, ...]
    faults: tuple[str, ...]


def list_networks(share: Path | None = None) -> Listing:
    """List the shipped networks and models; what cannot be read is left out.

    share: as `network_files` takes it.
    """
    found, faults = [], []
    for name, file in network_files(share).items():
        try:
            found.append(_listed(name, file, _stamps(file)))
        except (NeuromorphicError, OSError) as wrong:
            faults.append(f"network '{name}' is left out: {wrong}")
    return Listing(tuple(found), tuple(faults))


def list_network(name: str) -> ListedNetwork:
    """Return what is known of a network, shipped or of a file.

    name: of `network@variant` what is known of the network is told.
    Raises NetworkError, or ModelError of its card, if it cannot be read.
    """
    file = network_file(name.rpartition("@")[0] or name)
    try:
        return _listed(name, file, _stamps(file))
    except OSError as unreadable:
        raise NetworkError(f"network '{name}' cannot be read: {unreadable}") from None


def _stamps(file: Path) -> tuple[tuple[int, int], ...]:
    """Return what changes when a network or its card does."""
    card = file.with_name(CARD)
    present = [each.stat() for each in (file, card) if each is file or each.exists()]
    return tuple((each.st_mtime_ns, each.st_size) for each in present)


@lru_cache(maxsize=256)
def _listed(name: str, file: Path, stamps: tuple[tuple[int, int], ...]) -> ListedNetwork:
    del stamps
    spec = load_network(file)
    card = load_card(file.parent) if file.with_name(CARD).exists() else None
    return ListedNetwork(
        name=name,
        task=card.task if card else _task(spec),
        file=str(file),
        format=file.suffix[1:],
        neurons=spec.neurons,
        synapses=summarize(spec).synapse_count,
        dt_ms=spec.dt_ms,
        metric=card.metric if card else "",
        value=card.value if card else math.nan,
    )


def _task(spec: NetworkSpec) -> str:
    """Say what a network does by what it listens to and what it gives."""
    heard = sorted({source.sensor or source.name for source in spec.inputs})
    given = sorted({readout.decoder for readout in spec.readouts}) or ["spikes"]
    return f"{', '.join(heard) or 'nothing'} to {', '.join(given)}".replace("_", " ")
