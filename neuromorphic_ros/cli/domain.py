"""A ROS domain of one's own: demonstrations must neither hear robots nor drive them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from neuromorphic_ros.errors import NeuromorphicError

# Beyond, DDS takes ports that the operating system gives to others.
LAST_DOMAIN = 101


class DomainError(NeuromorphicError):
    """No ROS domain is left."""


@contextlib.contextmanager
def own_domain() -> Iterator[int]:
    """Hold a ROS_DOMAIN_ID that nobody on this machine uses.

    Raises DomainError if all are taken.
    """
    for domain in ((os.getpid() + offset) % LAST_DOMAIN + 1 for offset in range(LAST_DOMAIN)):
        path = Path(tempfile.gettempdir(), f"neuromorphic_ros_{os.getuid()}_domain_{domain}.lock")
        with path.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            if _is_free(domain):
                yield domain
                return
    raise DomainError(f"all {LAST_DOMAIN} ROS domains of this machine are taken; end other nodes")


def _is_free(domain: int) -> bool:
    """Tell whether no DDS participant of this machine holds the domain's first unicast port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", 7400 + 250 * domain + 10))
        except OSError:
            return False
    return True
