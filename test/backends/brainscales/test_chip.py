"""The limits of the chip are those of its file."""

from __future__ import annotations

from neuromorphic_ros.backends.brainscales.chip import chip


def test_a_chip_has_what_is_published() -> None:
    found = chip()
    assert (found.neurons, found.halves, found.rows) == (512, 2, 256)
    assert found.neurons * found.rows == 131_072
    assert found.largest_weight == 2**6 - 1
    assert found.speed_up == 1000


def test_ranges_are_not_empty() -> None:
    found = chip()
    for low, high in (
        found.tau_mem_us,
        found.tau_syn_us,
        found.refractory_us,
        found.leak_lsb,
        found.threshold_lsb,
    ):
        assert 0 < low < high
