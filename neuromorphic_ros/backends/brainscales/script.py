"""Take a network to where a chip is: a PyNN script, and what it reads."""

from __future__ import annotations

from pathlib import Path

from neuromorphic_ros.backends.brainscales import pynn_network
from neuromorphic_ros.backends.brainscales.pynn_network import Network

NETWORK = "network.npz"


def write_script(network: Network, folder: Path) -> Path:
    """Write pynn_network.py and the network that it runs into a folder; returns the script.

    It is the script that runs here, and needs nothing of this package. Raises OSError if it cannot
    be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source = Path(pynn_network.__file__)
    script = folder / source.name
    script.write_bytes(source.read_bytes())
    pynn_network.save(str(folder / NETWORK), network)
    return script
