from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.sensors.backoff import Backoff


def test_waits_double_up_to_the_cap() -> None:
    backoff, waits = Backoff(base_ns=100, cap_ns=1000), []
    for _ in range(6):
        backoff = backoff.failed(0)
        waits.append(backoff.wait_ns)
    assert waits == [100, 200, 400, 800, 1000, 1000]


def test_there_is_no_wait_before_the_first_attempt() -> None:
    assert Backoff().wait_ns == 0


def test_an_attempt_that_worked_for_a_while_is_repeated_soon() -> None:
    backoff = Backoff(base_ns=100, cap_ns=1000, failures=9)
    assert backoff.failed(1000).wait_ns == 1000
    assert backoff.failed(1001).wait_ns == 100


@given(st.integers(1, 10**9), st.integers(0, 10**6), st.integers(1, 10**7))
def test_a_wait_lies_between_base_and_cap(base_ns: int, more_ns: int, failures: int) -> None:
    assert base_ns <= Backoff(base_ns, base_ns + more_ns, failures).wait_ns <= base_ns + more_ns
