"""What the figures choose to show."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib.figure import Figure

from neuromorphic_ros.errors import BagError
from neuromorphic_ros.report.energy import bill
from neuromorphic_ros.report.events import explained, moments
from neuromorphic_ros.report.overview import overview_figure
from neuromorphic_ros.report.rasters import MOST_MARKS, close_up, draw_raster
from neuromorphic_ros.report.record import Command, Record
from neuromorphic_ros.report.style import png
from neuromorphic_ros.report.words import energy, number
from neuromorphic_ros.spikes import SpikeBatch

from .conftest import SECOND_NS, START_NS


def test_moments_are_spread_and_have_detections(record: Record) -> None:
    shown = moments(record)
    assert len(shown) == 4
    assert all(moment.found and moment.found.boxes for moment in shown)
    assert all(moment.picture.stamp_ns <= moment.stamp_ns for moment in shown)
    assert all(0.0 <= explained(moment) <= 1.0 for moment in shown)
    assert np.all(np.diff([moment.stamp_ns for moment in shown]) > 0)


def test_without_pictures_or_events_there_are_no_moments(record: Record) -> None:
    assert moments(record._replace(pictures=[])) == []
    assert moments(record._replace(spikes={"motor": record.spikes["motor"]})) == []


def test_without_detections_pictures_set_the_moments(record: Record) -> None:
    shown = moments(record._replace(detections=[]))
    assert [moment.found for moment in shown] == [None] * 4


def test_the_close_up_is_the_second_of_most_turning(record: Record) -> None:
    commands = [Command(START_NS + k * SECOND_NS // 10, 0.1, float(k == 15)) for k in range(30)]
    low, high = close_up(record._replace(commands=commands))
    assert low <= commands[15].stamp_ns < high
    assert high - low == SECOND_NS


def test_many_spikes_are_drawn_as_density(record: Record) -> None:
    time_ns = np.sort(np.random.default_rng(0).integers(0, SECOND_NS, MOST_MARKS + 1)) + START_NS
    batch = SpikeBatch((10,), np.zeros(time_ns.size, np.uint32), time_ns)
    axes = Figure().subplots()
    draw_raster(axes, record, batch, (START_NS, START_NS + SECOND_NS))
    assert len(axes.images) == 1
    axes = Figure().subplots()
    draw_raster(axes, record, batch.between(START_NS, START_NS + 1000), (START_NS, START_NS + 1000))
    assert len(axes.images) == 0


def test_the_overview_needs_a_robot(record: Record) -> None:
    assert png(lambda: overview_figure(record)).startswith(b"\x89PNG")
    with pytest.raises(BagError, match="needs a camera, a lidar and commands"):
        overview_figure(record._replace(commands=[]))


def test_the_bill_is_of_all_windows(record: Record) -> None:
    shown = bill(record)
    assert shown
    assert (shown.window_s, shown.counts.ticks) == (2.0, 2000)
    prices = {item.model.name: item.price for item in shown.priced}
    assert prices["digital_1pj"].dynamic_pj == 160.0
    assert {item.baseline for item in prices.values()} == {"horowitz_45nm_int8"}
    assert bill(record._replace(rates=[])) is None


@pytest.mark.parametrize(
    ("picojoules", "words"),
    [
        (0.0, "0 pJ"),
        (0.5, "0.5 pJ"),
        (999.4, "999 pJ"),
        (1_500.0, "1.5 nJ"),
        (2.5e12, "2.5 J"),
        (math.nan, "not measured"),
    ],
)
def test_energies_have_a_fitting_unit(picojoules: float, words: str) -> None:
    assert energy(picojoules) == words


def test_numbers_are_never_nan() -> None:
    assert number(math.nan, "µs") == "not measured"
    assert number(1234567.0, "pJ") == "1,234,567 pJ"
    assert number(0.01234) == "0.0123"
