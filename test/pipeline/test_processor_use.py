"""The account of Linux by its documentation, and this computer's."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest
from energy.meters.trees import write

from neuromorphic_ros.pipeline.processor_use import ProcessorUse


def stat(root: Path, line: str) -> None:
    write(root, "proc", {"stat": f"{line}\ncpu0 1 1 1 1 1 1 1 1 1 1\nintr 5"})


def test_idle_and_waiting_is_not_used_and_guests_count_once(tmp_path: Path) -> None:
    stat(tmp_path, "cpu  100 0 50 800 50 0 0 0 90 0")
    use = ProcessorUse(tmp_path)
    stat(tmp_path, "cpu  120 5 60 850 60 2 3 0 500 0")
    assert use.read() == pytest.approx(40 / 100)


def test_without_time_or_going_back_nothing_is_known(tmp_path: Path) -> None:
    stat(tmp_path, "cpu  100 0 50 800 50 0 0 0 0 0")
    use = ProcessorUse(tmp_path)
    assert math.isnan(use.read())
    stat(tmp_path, "cpu  1 0 5 8 5 0 0 0 0 0")
    assert math.isnan(use.read())


def test_idle_time_that_goes_back_is_no_more_than_all(tmp_path: Path) -> None:
    stat(tmp_path, "cpu  100 0 50 800 50 0 0 0 0 0")
    use = ProcessorUse(tmp_path)
    stat(tmp_path, "cpu  200 0 50 790 50 0 0 0 0 0")
    assert use.read() == 1.0


@pytest.mark.parametrize(
    "line", ["", "cpu", "cpu  1 2", "cpu  a b c d e", "\x00", "cpu0 1 2 3 4 5"]
)
def test_rubbish_is_not_known_and_what_follows_is(tmp_path: Path, line: str) -> None:
    write(tmp_path, "proc", {"stat": line})
    use = ProcessorUse(tmp_path)
    stat(tmp_path, "cpu  100 0 50 800 50 0 0 0 0 0")
    assert math.isnan(use.read())
    stat(tmp_path, "cpu  110 0 50 890 50 0 0 0 0 0")
    assert use.read() == pytest.approx(0.1)
    (tmp_path / "proc/stat").unlink()
    assert math.isnan(use.read())


def test_this_computer_is_read() -> None:
    use = ProcessorUse(Path("/"))
    until = time.monotonic() + 0.2
    while time.monotonic() < until:
        pass
    assert 0.0 < use.read() <= 1.0
