from __future__ import annotations

import threading

import pytest

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.pipeline.answering import answering


def test_work_is_answered() -> None:
    assert answering(lambda: 5)() == 5


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (NetworkError("it is wrong"), "it is wrong"),
        (ZeroDivisionError("a bug"), "failed: ZeroDivisionError('a bug')"),
    ],
)
def test_what_goes_wrong_is_an_answer(error: Exception, answer: str) -> None:
    def fail() -> int:
        raise error

    lock = threading.Lock()
    assert answering(fail, lock)() == answer
    assert not lock.locked()


def test_the_lock_is_held_while_it_works() -> None:
    lock = threading.Lock()
    assert answering(lock.locked, lock)() is True
    assert answering(lock.locked)() is False
