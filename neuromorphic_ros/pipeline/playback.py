"""A recording in real time: when each message and each tick of /clock is due."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from neuromorphic_ros.bags.recording import RecordedMessage

CLOCK_PERIOD_NS = 10_000_000
TAIL_NS = 500_000_000


class Due(NamedTuple):
    """Something to publish.

    wait_ns: steady time since the start at which it is due. clock_ns: time of /clock.
    message: to publish after the clock; none: the clock alone.
    """

    wait_ns: int
    clock_ns: int
    message: RecordedMessage | None


def schedule(messages: Iterable[RecordedMessage], rate: float) -> Iterator[Due]:
    """Yield messages and clock ticks at `rate` times real time.

    The clock runs on for 0.5 s after the last message, so that what follows from it still happens.
    """
    start_ns = clock_ns = None
    for message in messages:
        if start_ns is None or clock_ns is None:
            start_ns = clock_ns = message.log_ns
        yield from _clock(start_ns, clock_ns, message.log_ns, rate)
        clock_ns = message.log_ns
        yield Due(round((clock_ns - start_ns) / rate), clock_ns, message)
    if start_ns is not None and clock_ns is not None:
        yield from _clock(start_ns, clock_ns, clock_ns + TAIL_NS, rate)


def _clock(start_ns: int, after_ns: int, before_ns: int, rate: float) -> Iterator[Due]:
    first_ns = (after_ns // CLOCK_PERIOD_NS + 1) * CLOCK_PERIOD_NS
    for clock_ns in range(first_ns, before_ns, CLOCK_PERIOD_NS):
        yield Due(round((clock_ns - start_ns) / rate), clock_ns, None)
