"""Accuracy against ticks as a picture."""

from __future__ import annotations

import numpy as np

from neuromorphic_ros.pipeline.accuracy_by_ticks import AccuracyByTicks
from neuromorphic_ros.report.accuracy_figure import Curve, accuracy_figure
from neuromorphic_ros.report.style import png


def curve(label: str, final: int) -> Curve:
    return Curve(label, AccuracyByTicks(np.minimum(np.arange(1, 17), final), 20))


def test_every_curve_has_a_line_with_its_interval_and_a_label() -> None:
    curves = [curve("float weights", 16), curve("weights of the target", 12)]
    (axes,) = accuracy_figure(curves, 0.9, "net on loihi2").axes
    labels = [line.get_label() for line in axes.get_lines()]
    assert labels == ["conventional", "float weights", "weights of the target"]
    _, first, second = axes.get_lines()
    assert np.asarray(first.get_ydata()).tolist() == (np.arange(1, 17) / 20).tolist()
    assert np.max(np.asarray(second.get_ydata())) == 0.6
    assert len(axes.collections) == 2
    assert [text.get_text() for text in axes.get_xticklabels()] == ["1", "2", "4", "8", "16"]


def test_equal_curves_are_equal_files() -> None:
    one, other = (
        png(lambda: accuracy_figure([curve("float weights", 16)], 0.9, "net")) for _ in range(2)
    )
    assert one == other
    assert one.startswith(b"\x89PNG")
