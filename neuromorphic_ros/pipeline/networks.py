"""Networks and hardware models by name."""

from __future__ import annotations

from pathlib import Path

from neuromorphic_ros.energy.hardware_model import HardwareModel, load_hardware_model
from neuromorphic_ros.errors import HardwareModelError, NetworkError
from neuromorphic_ros.resources import share_directory
from neuromorphic_ros.snn.network_file import load_network
from neuromorphic_ros.snn.network_folder import network_in
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.variant import vary


def network_names() -> list[str]:
    """List the shipped networks that are written by hand."""
    return _names("networks")


def network_files(share: Path | None = None) -> dict[str, Path]:
    """Return the file of every network that is shipped, by name: written by hand, and models.

    share: folder that holds config/ and models/; none: that of the package.
    """
    share = share or share_directory()
    folders = (share / "models").glob("*/")
    models = {folder.name: file for folder in folders if (file := network_in(folder)).exists()}
    written = {file.stem: file for file in (share / "config" / "networks").glob("*.yaml")}
    return dict(sorted((models | written).items()))


def hardware_names() -> list[str]:
    """List the shipped hardware models."""
    return _names("hardware")


def find_network(name: str, variant: str = "") -> NetworkSpec:
    """Load a shipped network or model by name, or a network file by path, or a variant of it.

    name: `network@variant` is a variant too.
    Raises NetworkError that lists the shipped ones or the variants, or names what is wrong in the
    file.
    """
    if variant:
        return vary(find_network(name), variant)
    network, at, variant = name.rpartition("@")
    if at and variant.isidentifier():
        return vary(find_network(network), variant)
    return load_network(network_file(name))


def network_file(name: str) -> Path:
    """Return the file of a shipped network or model, or the one whose path is given.

    Raises NetworkError that lists the shipped ones.
    """
    shipped, path = network_files(), Path(name)
    if name in shipped:
        return shipped[name]
    if path.suffix in (".yaml", ".yml", ".nir"):
        return path
    raise NetworkError(
        f"network '{name}' is neither a .yaml or .nir file nor shipped; "
        f"shipped are {', '.join(shipped)}"
    )


def find_hardware(name: str) -> HardwareModel:
    """Load a hardware model by name; raises HardwareModelError that lists the known ones."""
    return load_hardware_model(hardware_file(name))


def hardware_file(name: str) -> Path:
    """Return the file of a hardware model; raises HardwareModelError that lists the known ones."""
    if name not in hardware_names():
        raise HardwareModelError(
            f"hardware '{name}' is unknown; there are {', '.join(hardware_names())}"
        )
    return _folder("hardware") / f"{name}.yaml"


def _folder(kind: str) -> Path:
    return share_directory() / "config" / kind


def _names(kind: str) -> list[str]:
    return sorted(file.stem for file in _folder(kind).glob("*.yaml"))
