"""The readout that tells the classes of a trained network as detections."""

from __future__ import annotations

from collections.abc import Sequence

from neuromorphic_ros.snn.spec import Readout


def class_readout(classes: Sequence[str], window_ns: int) -> Readout:
    """Read the classes of the population `output` in windows as long as a sample."""
    parameters = {"class_names": ", ".join(classes), "window_ms": window_ns / 1e6}
    return Readout("detections", "classification", "output", parameters)
