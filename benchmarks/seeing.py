"""Show held-out recordings to the trained networks as an event camera does, one after the other.

Each is played as packets of 10 ms through encoder, network and decoder, with half a second of
nothing before the next. Of the answers those count whose whole window lies in a recording.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from reporting import Row, markdown, table

from neuromorphic_ros.bags.event_npz import open_event_npz
from neuromorphic_ros.bags.typestore import to_message
from neuromorphic_ros.encoding.event_camera.mono import mono_words
from neuromorphic_ros.encoding.saccades import saccade_events
from neuromorphic_ros.learning.classification import wilson
from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.pipeline.models import find_model
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.pipeline.recipes import digits, gestures, nmnist
from neuromorphic_ros.pipeline.recipes.files import files_of
from neuromorphic_ros.pipeline.recipes.recipe import Labelled
from neuromorphic_ros.pipeline.recipes.registry import data_path, find_recipe
from neuromorphic_ros.pipeline.sensing import STREAMS
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.spikes import SpikeBatch, merge

MODELS = ("digits", "nmnist", "graph_nmnist", "gestures", "graph_gestures")
PACKET = STREAMS["camera"]["events"].type
START_NS, SLOT_NS = 10**18, 1_000_000_000
PACKET_NS, PAUSE_NS = 10_000_000, 500_000_000
SETTLED_NS = 50_000_000
"""After the end of a recording the network has forgotten it."""
SEED = 0
"""Of the split with which the shipped models were trained."""

Answers = dict[int, str]


class Showing(NamedTuple):
    """What a camera saw, from 0 to `length_ns`, and the name of it."""

    events: SpikeBatch
    length_ns: int
    name: str


def showings(model: str, limit: int | None = None) -> list[Showing]:
    """Return the recordings with which a model was not trained; raises LearningError without data.

    limit: how many at most; none: all.
    """
    recipe = find_recipe(model)
    path = data_path(recipe)
    if model.endswith("gestures"):
        return [_last_part(file) for file in files_of(path, ".npz")][:limit]
    module = digits if model == "digits" else nmnist
    labelled = module.read(path)
    held_out = labelled.take(module.folds(labelled, SEED)[0])
    return [
        Showing(events, module.TICKS * module.DT_NS, recipe.classes[label])
        for events, label in zip(_seen(held_out, limit), held_out.label, strict=False)
    ]


def _seen(labelled: Labelled, limit: int | None) -> list[SpikeBatch]:
    content = labelled.content[:limit]
    if isinstance(content, np.ndarray):
        return saccade_events(content, digits.SACCADES, digits.SENSOR, 0)
    return list(content)


def _last_part(file: Path) -> Showing:
    """Return what the recipe of gestures holds out of a recording."""
    events = merge([*open_event_npz(file)])
    end_ns = int(events.time_ns[-1]) + 1
    border_ns = round(gestures.TRAINED_SHARE * end_ns)
    length_ns = (end_ns - border_ns) // PACKET_NS * PACKET_NS
    part = events.between(border_ns, border_ns + length_ns)
    shifted = SpikeBatch(part.shape, part.address, part.time_ns - border_ns)
    return Showing(shifted, length_ns, file.stem.partition("_")[2])


def packets(events: SpikeBatch, start_ns: int, length_ns: int, seq: int) -> Iterator[Any]:
    """Yield events, which count from 0, as messages of a camera from `start_ns` on."""
    _, height, width = events.shape
    for number, from_ns in enumerate(range(0, length_ns, PACKET_NS)):
        fields = {
            "header": {"stamp": start_ns + from_ns, "frame_id": "event_camera"},
            "height": height,
            "width": width,
            "seq": seq + number,
            "time_base": start_ns + from_ns,
            "encoding": "mono",
            "events": mono_words(events.between(from_ns, from_ns + PACKET_NS), from_ns),
        }
        yield to_message(PACKET, fields)


def answers(pipeline: Pipeline, some: Sequence[Showing], starts_ns: Sequence[int]) -> Answers:
    """Show all, one after the other, and return what was told: names, "" for none, by time."""
    told: Answers = {}
    seq = 0
    for showing, start_ns in zip(some, starts_ns, strict=True):
        arrival_ns = start_ns
        for message in packets(showing.events, start_ns, showing.length_ns + PAUSE_NS, seq):
            seq += 1
            arrival_ns += PACKET_NS
            pipeline.receive("camera", message, arrival_ns)
            for decision in pipeline.advance(arrival_ns):
                for each in decision.detections:
                    told[each.stamp_ns] = each.boxes[0].class_name if each.boxes else ""
    return told


def measured(model: str, limit: int | None = None) -> Row:
    """Return how often a model was right, live, beside the accuracy on its card."""
    found = find_model(model)
    pipeline = Pipeline(StreamingNetwork(found.spec()))
    assert pipeline.detection
    window_ns = round(pipeline.detection.parameters.window_ms * 1e6)
    some = showings(model, limit)
    # Each ends where a window does.
    ends_ns = [START_NS + (index + 1) * SLOT_NS for index in range(len(some))]
    starts_ns = [end_ns - each.length_ns for end_ns, each in zip(ends_ns, some, strict=True)]
    told = answers(pipeline, some, starts_ns)
    whole = [
        (name, showing.name)
        for showing, start_ns, end_ns in zip(some, starts_ns, ends_ns, strict=True)
        for told_ns, name in told.items()
        if start_ns + window_ns <= told_ns <= end_ns
    ]
    still = [
        name
        for end_ns in ends_ns
        for told_ns, name in told.items()
        if end_ns + SETTLED_NS + window_ns <= told_ns <= end_ns + PAUSE_NS
    ]
    right = sum(name == true for name, true in whole)
    low, high = wilson(right, len(whole))
    return {
        "model": model,
        "recordings": len(some),
        "answers": len(whole),
        "right_percent": 100 * right / len(whole),
        "ci95_percent": f"{100 * low:.1f} to {100 * high:.1f}",
        "unanswered": sum(not name for name, _ in whole),
        "card_percent": 100 * found.card.value,
        "named_while_still": sum(map(bool, still)),
        "still": len(still),
    }


def rows(limit: int | None = None) -> list[Row]:
    """Return a row for each model whose data are there."""
    made = []
    for model in MODELS:
        try:
            made.append(measured(model, limit))
        except LearningError as absent:
            made.append({"model": model, "recordings": 0, "reason": str(absent)})
    return made


def main() -> None:
    """Measure and print, as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, help="recordings of a model at most (default: all)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--markdown", action="store_true", help="print the table as the docs do")
    arguments = parser.parse_args()
    if arguments.limit is not None and arguments.limit < 1:
        parser.error("--limit must be 1 at least")
    found = rows(arguments.limit)
    if arguments.json:
        print(json.dumps(found))
        return
    for row in found:
        if "reason" in row:
            print(f"{row['model']}: {row['reason']}")
    measured_rows = [row for row in found if "reason" not in row]
    print((markdown if arguments.markdown else table)(measured_rows))


if __name__ == "__main__":
    main()
