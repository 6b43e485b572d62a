"""What the picture of a network shows."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.pipeline.networks import find_network, network_names
from neuromorphic_ros.report import graph_layout
from neuromorphic_ros.report.network_figure import network_figure
from neuromorphic_ros.report.style import BLUE, MUTED, RED, png, svg
from neuromorphic_ros.snn import summary as summary_module
from neuromorphic_ros.snn.builder import Conv2d, Lif, Network, OneToOne, Pool2d, Stage
from neuromorphic_ros.snn.summary import summarize


def drawn(network: Network) -> Figure:
    return network_figure(summarize(network.spec()))


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def arrows(figure: Figure) -> list[Any]:
    return [patch for patch in figure.axes[0].patches if isinstance(patch, FancyArrowPatch)]


def layers() -> Network:
    return Network(name="seen").add_input("x", (1, 8, 8)).add("a", (2, 3, 3)).add("b", 18)


@pytest.mark.parametrize("name", network_names())
def test_every_part_of_a_shipped_network_is_in_the_picture(name: str) -> None:
    spec = find_network(name)
    figure = network_figure(summarize(spec))
    assert {node.name for node in spec.nodes} <= set(texts(figure))
    assert {readout.name for readout in spec.readouts} <= set(texts(figure))
    ends = {(spec.end(each.pre).name, spec.end(each.post).name) for each in spec.projections}
    assert len(arrows(figure)) == len(ends) + len(spec.readouts)
    boxes = [each for each in figure.axes[0].patches if isinstance(each, FancyBboxPatch)]
    assert len(boxes) == len(spec.nodes) + len(spec.readouts)


def test_labels_tell_patterns_and_synapses_of_all_projections_between_two() -> None:
    network = layers().connect(
        "x", "a", pattern=Conv2d(2), before=[Stage(Pool2d("sum_pool2d", 2))], weights=0.5
    )
    network.connect("a", "b", pattern=OneToOne()).connect("a[0]", "b[3:5]")
    shown = texts(drawn(network))
    assert "sum_pool2d 2x2, conv2d 2x2" in shown
    assert "2 x one_to_one, all_to_all" in shown
    assert "20 synapses" in shown
    assert shown[0].startswith("seen: 36 neurons, 308 synapses, ")


@pytest.mark.parametrize(
    ("weights", "colour"),
    [(0.1, BLUE), (-0.1, RED), (np.resize([1.0, -1.0], (18, 18)), MUTED), (0.0, MUTED)],
)
def test_the_colour_is_the_sign_of_the_weights(weights: Any, colour: str) -> None:
    (arrow,) = arrows(drawn(layers().connect("a", "b", weights=weights)))
    assert to_hex(arrow.get_edgecolor()) == colour


def test_delayed_projections_are_dashed() -> None:
    network = layers().connect("a", "b").connect("b", "a", delay_ticks=1)
    straight, feedback = arrows(drawn(network))
    assert straight.get_linestyle() == "-"
    assert feedback.get_linestyle() != "-"


def test_feedback_points_back_and_loops_end_where_they_begin() -> None:
    network = layers().connect("a", "b").connect("b", "a", delay_ticks=1)
    network.connect("b", "b", delay_ticks=1)
    figure = drawn(network)
    _, a, b = (each for each in figure.axes[0].patches if isinstance(each, FancyBboxPatch))
    forward, back, loop = (each.get_path().vertices[0] for each in arrows(figure))
    assert forward[0] == pytest.approx(a.get_x() + a.get_width(), abs=0.05)
    assert back[0] == pytest.approx(b.get_x(), abs=0.05)
    assert loop[1] == pytest.approx(b.get_y() + b.get_height(), abs=0.05)


def test_a_delay_to_what_is_computed_earlier_is_no_feedback() -> None:
    network = Network().add("late", 1).add("early", 1).connect("early", "late", delay_ticks=1)
    late, early = (
        each for each in drawn(network).axes[0].patches if isinstance(each, FancyBboxPatch)
    )
    assert early.get_x() < late.get_x()


def test_what_is_not_built_is_drawn_by_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary_module, "BUILT_AT_MOST", 1)
    shown = texts(drawn(layers().connect("a", "b")))
    assert "up to 324 synapses" in shown
    assert "36 neurons, up to 324 synapses, up to " in shown[0]


def test_a_readout_may_have_the_name_of_its_population() -> None:
    network = Network().add("motor", 3, Lif()).add_readout("motor", "motor", "differential_drive")
    assert texts(drawn(network)).count("motor") == 2


def test_equal_networks_are_equal_files() -> None:
    summary = summarize(find_network("motion_detector"))
    assert png(lambda: network_figure(summary)) == png(lambda: network_figure(summary))
    picture = svg(lambda: network_figure(summary))
    assert picture == svg(lambda: network_figure(summary))
    assert ElementTree.fromstring(picture).tag == "{http://www.w3.org/2000/svg}svg"


def test_a_network_of_too_many_parts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_layout, "MOST_PLACES", 4)
    with pytest.raises(NetworkError, match="a figure of 3 boxes and 2 arrows could not be read"):
        drawn(layers().connect("a", "b").connect("x", "b"))


def test_a_picture_beyond_memory_is_refused() -> None:
    network = Network(name="tall").add_input("x", 1)
    for index in range(200):
        network.add(f"a{index}", 1)
    with pytest.raises(NetworkError, match=r"a figure of 'tall' would be 1 x \d+ inches"):
        drawn(network)


def test_long_names_are_cut() -> None:
    network = Network(name="n" * 200).add("a" * 200, 1)
    figure = drawn(network)
    assert "a" * 37 + "..." in texts(figure)
    assert figure.get_figwidth() < 10
