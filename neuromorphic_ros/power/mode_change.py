"""The change of a board to another power mode, with its clocks held at the maximum or free."""

from __future__ import annotations

from pathlib import Path

from neuromorphic_ros.power import jetson_clocks, nvpmodel
from neuromorphic_ros.power.board_program import TIMEOUT_S


def change_mode(
    root: Path, name: str, *, hold_clocks: bool = False, timeout_s: float = TIMEOUT_S
) -> None:
    """Change a board to a power mode; clocks that were held before follow the load again.

    root: folder of the files of the board. hold_clocks: hold them at the maximum of the new mode.
    timeout_s: for each of the programs. Raises PowerModeError or BoardProgramError, as the
    functions of nvpmodel and jetson_clocks do; the clocks are free then.
    """
    jetson_clocks.restore(root, timeout_s)
    nvpmodel.set_mode(root, name, timeout_s)
    if hold_clocks:
        jetson_clocks.maximise(root, timeout_s)
