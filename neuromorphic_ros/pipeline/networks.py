"""Networks and hardware models by name."""

from __future__ import annotations

from pathlib import Path

from neuromorphic_ros.energy.hardware_model import HardwareModel, load_hardware_model
from neuromorphic_ros.errors import HardwareModelError, NetworkError
from neuromorphic_ros.resources import share_directory
from neuromorphic_ros.snn.network_file import load_network
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.variant import vary


def network_names() -> list[str]:
    """List the shipped networks."""
    return _names("networks")


def hardware_names() -> list[str]:
    """List the shipped hardware models."""
    return _names("hardware")


def find_network(name: str, variant: str = "") -> NetworkSpec:
    """Load a shipped network by name, or a network file by path, or a variant of it.

    name: `network@variant` is a variant too.
    Raises NetworkError that lists the shipped ones or the variants, or names what is wrong in the
    file.
    """
    if variant:
        return vary(find_network(name), variant)
    network, at, variant = name.rpartition("@")
    if at and variant.isidentifier():
        return vary(find_network(network), variant)
    if name in network_names():
        return load_network(_folder("networks") / f"{name}.yaml")
    path = Path(name)
    if path.suffix in (".yaml", ".yml", ".nir"):
        return load_network(path)
    raise NetworkError(
        f"network '{name}' is neither a .yaml or .nir file nor shipped; "
        f"shipped are {', '.join(network_names())}"
    )


def find_hardware(name: str) -> HardwareModel:
    """Load a hardware model by name; raises HardwareModelError that lists the known ones."""
    if name not in hardware_names():
        raise HardwareModelError(
            f"hardware '{name}' is unknown; there are {', '.join(hardware_names())}"
        )
    return load_hardware_model(_folder("hardware") / f"{name}.yaml")


def _folder(kind: str) -> Path:
    return share_directory() / "config" / kind


def _names(kind: str) -> list[str]:
    return sorted(file.stem for file in _folder(kind).glob("*.yaml"))
