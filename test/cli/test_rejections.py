from __future__ import annotations

import pytest

from neuromorphic_ros.cli.rejections import SHOWN, Rejections
from neuromorphic_ros.pipeline.replay import Rejected


@pytest.mark.parametrize("count", [0, 1, SHOWN, SHOWN + 1, 100])
def test_the_first_are_told_and_all_are_counted(
    capsys: pytest.CaptureFixture[str], count: int
) -> None:
    rejections = Rejections()
    for number in range(count):
        rejections.tell(Rejected("/scan", number, f"reason {number}"))
    rejections.sum_up("messages")
    told = [f"rejected: /scan: reason {number}" for number in range(min(count, SHOWN))]
    summed = [f"rejected: {count} messages in all"] if count > SHOWN else []
    assert capsys.readouterr().err.splitlines() == told + summed
    assert rejections.count == count
