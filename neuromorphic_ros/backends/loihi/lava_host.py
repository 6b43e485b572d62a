"""The process that Lava runs in: it forks, and sets how Python starts processes, for good.

A node, with the threads of its middleware, must do neither. What is asked of LavaProcesses comes
in, and what it answers goes out, through a socket inherited from the node; when the node closes it
or dies, however that be, Lava's processes end too.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from multiprocessing.connection import Connection
from typing import Any

from neuromorphic_ros.backends.loihi.lava_processes import LavaProcesses

GRACE_S = 3


def serve(connection: Connection) -> None:
    """Start the processes that come first, then call their methods until the connection ends."""
    # Else the node would not see this process end as long as one of Lava's lives.
    os.register_at_fork(after_in_child=connection.close)
    processes = LavaProcesses(*connection.recv())
    try:
        connection.send(None)
        while True:
            method, *arguments = connection.recv()
            connection.send(getattr(processes, method)(*arguments))
    except (EOFError, ConnectionError):
        # Lava would wait without end for one of its processes that has died.
        signal.alarm(GRACE_S)
        processes.stop()


def kill_all(*_: Any) -> None:
    """End Lava's processes and this one, which lead a group."""
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, kill_all)
    try:
        serve(Connection(int(sys.argv[1])))
    except Exception:
        traceback.print_exc()
        kill_all()
