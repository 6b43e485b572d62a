"""Linear algebra on one thread, where more of them would only wait for each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


@contextmanager
def one_thread() -> Iterator[None]:
    """Let BLAS compute on the calling thread alone, in the whole process, while it lasts.

    Threads of OpenBLAS spin until the last one is done: with a core that is busy otherwise, as on a
    robot, a product of a tenth of a millisecond takes tens of them. Costs some microseconds.
    Not to be begun or ended while another thread computes with BLAS: it is not made for that.
    """
    before = [(library, library.get_num_threads()) for library in _libraries()]
    for library, _ in before:
        library.set_num_threads(1)
    try:
        yield
    finally:
        for library, threads in before:
            library.set_num_threads(threads)


@cache
def _libraries() -> tuple[Any, ...]:
    # Finding them takes milliseconds: `threadpoolctl.threadpool_limits` does so each time.
    return tuple(ThreadpoolController().select(user_api="blas").lib_controllers)
