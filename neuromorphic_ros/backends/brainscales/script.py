"""Take a network to where a chip is: a PyNN script, and what it reads."""

from __future__ import annotations

from pathlib import Path

from neuromorphic_ros.backends.brainscales import pynn_network
from neuromorphic_ros.backends.brainscales.plan import Plan, network


def write_script(plan: Plan, folder: Path) -> Path:
    """Write pynn_network.py and the network.npz that it runs; returns the script.

    It is the script that runs here, and needs nothing of this package. Raises OSError if it cannot
    be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / Path(pynn_network.__file__).name
    script.write_bytes(Path(pynn_network.__file__).read_bytes())
    pynn_network.save(str(folder / "network.npz"), network(plan))
    return script
