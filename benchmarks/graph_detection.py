"""Compare the boxes of graph_cars with those of motion_detector, on what the graph was not shown.

True are the boxes of a tracker by differences of pictures, at the end of each window; a box is in
its place if it overlaps one by `min_overlap`, intersection over union. --figure draws windows of
the footage (Intel, CC BY 4.0).
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from reporting import Row, markdown, table

from neuromorphic_ros.decoding.detection import Box
from neuromorphic_ros.encoding.image import Grey, resize
from neuromorphic_ros.pipeline.detection_score import Thing, outline_of, score
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.recipes.graph_cars import (
    CLASSES,
    RECIPE,
    Footage,
    detect,
    halves,
    read,
    things,
)
from neuromorphic_ros.resources import share_directory

DATA = Path(os.environ.get("NEUROMORPHIC_DATA", share_directory().parent / "shared" / "data"))
NETWORKS = ("graph_cars", "motion_detector")
MOTION = "motion"
MIN_OVERLAPS = (0.5, 0.3)
PICTURES, WIDTH_PX = 6, 320
TRUE, COLOURS = (255, 255, 255), {CLASSES[0]: (80, 220, 80), CLASSES[1]: (80, 160, 255)}


def rows_of(network: str, footage: Footage) -> list[Row]:
    """Measure the boxes of a network for each overlap; those of motion have no class of a car.

    overlap: mean intersection over union of the boxes in their places. synops_per_s: of the
    footage.
    """
    windows = detect(find_network(network), footage)
    true = things(footage, windows.stamp_ns)
    duration_s = len(windows.boxes) * windows.length_ms / 1e3
    rows = []
    for min_overlap in MIN_OVERLAPS:
        found = score(windows.boxes, true, (*CLASSES, MOTION), min_overlap)
        figures = found.figures()
        rows.append(
            {
                "network": network,
                "min_overlap": min_overlap,
                "windows": found.windows,
                "cars": sum(map(len, true)),
                "boxes": sum(map(len, windows.boxes)),
                "precision": figures["precision_of_place"],
                "recall": figures["recall_of_place"],
                "precision_of_class": figures["precision"],
                "recall_of_class": figures["recall"],
                "overlap": float(found.overlap.mean()) if found.overlap.size else 0.0,
                "synops_per_s": float(windows.counts.synaptic_events.sum()) / duration_s,
            }
        )
    return rows


def measure(footage: Footage) -> list[Row]:
    """Measure both networks."""
    return [row for network in NETWORKS for row in rows_of(network, footage)]


def figure(footage: Footage) -> npt.NDArray[np.uint8]:
    """Draw windows with cars, from the first to the last; uint8[height, width, 3] in BGR."""
    windows = detect(find_network(NETWORKS[0]), footage)
    true = things(footage, windows.stamp_ns)
    with_cars = np.flatnonzero([bool(each) for each in true])
    chosen = with_cars[np.linspace(0, len(with_cars) - 1, PICTURES).round().astype(int)]
    shown = np.searchsorted(footage.stamp_ns, windows.stamp_ns, "right") - 1
    tiles = [
        tile(footage.pictures[shown[index]], windows.boxes[index], true[index]) for index in chosen
    ]
    rows = [np.hstack(tiles[first : first + 3]) for first in range(0, PICTURES, 3)]
    return np.asarray(np.vstack(rows), np.uint8)


def tile(picture: Grey, boxes: Sequence[Box], true: Sequence[Thing]) -> npt.NDArray[np.uint8]:
    """Draw what is true as a thin white line, boxes as thick ones in the colour of their class."""
    height, width = picture.shape[0] * WIDTH_PX // picture.shape[1], WIDTH_PX
    made = cv2.cvtColor(resize(picture, height, width), cv2.COLOR_GRAY2BGR)
    outlines = [(outline_of(box), COLOURS[box.class_name], 3) for box in boxes]
    outlines += [(thing.outline, TRUE, 1) for thing in true]
    for (left, top, right, bottom), colour, line in outlines:
        first = (round(left * (width - 1)), round(top * (height - 1)))
        last = (round(right * (width - 1)), round(bottom * (height - 1)))
        cv2.rectangle(made, first, last, colour, line)
    return np.asarray(made, np.uint8)


def main() -> None:
    """Measure and print, or draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--markdown", action="store_true", help="print the table as docs have it")
    parser.add_argument("--figure", type=Path, help="picture to write instead")
    arguments = parser.parse_args()
    _, rest = halves(read(DATA / RECIPE.source.file))
    if arguments.figure:
        cv2.imwrite(str(arguments.figure), figure(rest))
        return
    rows = measure(rest)
    if arguments.json:
        print(json.dumps(rows))
    else:
        print(markdown(rows) if arguments.markdown else table(rows))


if __name__ == "__main__":
    main()
