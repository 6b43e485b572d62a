"""When a network without anything to do is put to sleep."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.parameters import STRICT


@dataclass(frozen=True, config=STRICT)
class SleepParameters:
    """How long nothing must happen before a network sleeps."""

    after_s: Annotated[
        float,
        Field(
            ge=0, le=3600, description="Time without a spike after which it sleeps; 0: never [s]"
        ),
    ] = 1.0


def is_asleep(parameters: SleepParameters, idle_s: float, pending: bool) -> bool:
    """Tell whether a network sleeps.

    idle_s: time since the last spike [s]. pending: whether input waits, which wakes it at once.
    """
    return not pending and 0 < parameters.after_s <= idle_s
