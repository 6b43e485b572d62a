"""Reading of event files that may be damaged."""

from __future__ import annotations

from collections.abc import Callable

from neuromorphic_ros.bags.event_recording import EventRecording
from neuromorphic_ros.errors import BagError
from neuromorphic_ros.spikes import SpikeBatch


def events_until_damage(opened: Callable[[], EventRecording]) -> tuple[list[SpikeBatch], str]:
    """Read everything; return the pieces and the BagError's text, "" without one."""
    pieces = []
    try:
        with opened() as recording:
            for piece in recording:
                pieces.append(piece)
    except BagError as error:
        return pieces, str(error)
    return pieces, ""
