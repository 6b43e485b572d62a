"""Which supply rails of a Jetson board add up to all that it draws."""

from __future__ import annotations

from collections.abc import Iterable

# The rail that all others hang on, where there is one: TX2, Xavier NX, Orin Nano and NX; Nano;
# Thor. AGX Xavier and AGX Orin have none, and their sum leaves out the carrier board.
WHOLE = ("VDD_IN", "POM_5V_IN", "VIN")
# By the Jetson Linux Developer Guide r36.4.3, "Software-Based Power Consumption Modeling", the
# memory of AGX Orin hangs on its 5 V rail.
WITHIN = {"VDDQ_VDD2_1V8AO": "VIN_SYS_5V0"}
UNUSED = ("", "NC")


def total_rails(names: Iterable[str]) -> tuple[str, ...]:
    """Choose the rails to add up: that of the whole board, or all that hang on no other."""
    known = tuple(names)
    whole = tuple(name for name in WHOLE if name in known)
    return whole[:1] or tuple(name for name in known if WITHIN.get(name) not in known)
