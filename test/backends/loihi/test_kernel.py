"""One tick of one neuron, against the same in Python's unbounded integers."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.backends.loihi.kernel import advance

LIMIT = 2**23
STATE = st.integers(1 - LIMIT, LIMIT - 1)


def decayed(state: int, keep: int) -> int:
    """Return the state less its decay, rounded toward zero."""
    return (abs(state) * keep >> 12) * (1 if state >= 0 else -1)


# The first call compiles.
@settings(deadline=None)
@given(
    STATE,
    STATE,
    st.integers(-(2**17), 2**17),
    st.integers(0, 4095),
    st.integers(1, 4096),
    st.integers(-4096 * 128, 4095 * 128),
)
def test_a_tick_decays_adds_wraps_u_and_saturates_v(
    u: int, v: int, activation: int, keep_u: int, keep_v: int, bias: int
) -> None:
    made_u, made_v = advance(u, v, activation, keep_u, keep_v, bias)
    expected = decayed(u, keep_u) + 64 * activation
    if expected > LIMIT:
        expected -= 2 * LIMIT
    elif expected <= -LIMIT:
        expected += 2 * LIMIT
    assert made_u == expected
    assert made_v == min(max(decayed(v, keep_v) + made_u + bias, 1 - LIMIT), LIMIT - 1)


def test_the_borders_of_24_bits_are_those_of_lava() -> None:
    above = 2**17
    assert advance(0, 0, above, 0, 0, 0)[0] == LIMIT
    assert advance(0, 0, above + 1, 0, 0, 0)[0] == 64 - LIMIT
    assert advance(0, 0, -above, 0, 0, 0)[0] == LIMIT
    assert advance(0, 0, 1 - above, 0, 0, 0)[0] == 64 - LIMIT
