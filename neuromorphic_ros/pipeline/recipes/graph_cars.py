"""Cars below a still camera: a graph of events that finds them, and tells which way they go."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.typestore import to_message
from neuromorphic_ros.bags.video import IMAGE_TOPIC
from neuromorphic_ros.decoding.detection import Box
from neuromorphic_ros.encoding.image import Grey, resize
from neuromorphic_ros.learning.frame_difference import FrameDifference, Track, follow
from neuromorphic_ros.learning.labelled_events import NONE, LabelledEvents, on_ticks
from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.pipeline.block_bootstrap import block_bootstrap
from neuromorphic_ros.pipeline.detection_score import DetectionScore, Thing, score
from neuromorphic_ros.pipeline.measurement import Measurement
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.pipeline.recipes.recipe import Made, Source, Training
from neuromorphic_ros.pipeline.sensing import grey_of
from neuromorphic_ros.pipeline.sensor_input import SensorInput
from neuromorphic_ros.snn.counts import Counts
from neuromorphic_ros.snn.graph.event_graph_spec import (
    EventGraphSpec,
    Neighbourhood,
    random_spec,
)
from neuromorphic_ros.snn.spec import (
    EventGraphLayers,
    Input,
    NetworkSpec,
    Population,
    Readout,
)
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.spikes import merge

APPROACHING, LEAVING = "car_approaching", "car_leaving"
CLASSES = (APPROACHING, LEAVING)
TURNED_OVER = np.array([1, 0, NONE])
"""The label of an event in a picture that is upside down, by its own."""
SENSOR, CELLS = (2, 54, 96), (27, 48)
NEIGHBOURHOOD = Neighbourhood(radius_px=4, radius_ms=120.0, ages=3, newest=6)
FEATURES = (16, 16)
DETECTION = {
    "window_ms": 160.0,
    "min_spikes": 3,
    "min_cells": 20,
    "gap_cells": 3,
    "class_names": ", ".join(CLASSES),
}
TRACKER, TRACKER_PIXELS = FrameDifference(), (108, 192)
TRAINED_SHARE, MIN_OVERLAP = 0.6, 0.5
PIECE_NS, LOST, SLOWER = 640_000_000, 0.5, (0.7, 1.4)
EPOCHS = 24
# A car is there for seconds.
BLOCK_WINDOWS = 12


class Footage(NamedTuple):
    """What a still camera saw: uint8[height, width] each, and when; int64[n] in ns."""

    pictures: tuple[Grey, ...]
    stamp_ns: npt.NDArray[np.int64]

    def part(self, first: int, stop: int) -> Footage:
        """Return the pictures from one to before another."""
        return Footage(self.pictures[first:stop], self.stamp_ns[first:stop])

    def messages(self) -> Sequence[Any]:
        """Return the pictures as messages of a camera."""
        return [
            to_message(
                "sensor_msgs/msg/Image",
                {
                    "header": {"stamp": int(stamp_ns), "frame_id": "camera"},
                    "height": picture.shape[0],
                    "width": picture.shape[1],
                    "encoding": "mono8",
                    "step": picture.shape[1],
                    "data": picture.reshape(-1),
                },
            )
            for picture, stamp_ns in zip(self.pictures, self.stamp_ns, strict=True)
        ]

    def at(self, time_ns: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the numbers of pictures at some times, between them in proportion."""
        numbers = np.arange(len(self.stamp_ns))
        return np.asarray(np.interp(time_ns, self.stamp_ns, numbers, left=-1.0, right=math.inf))

    def tracks(self) -> tuple[Track, ...]:
        """Follow what moves, by differences of pictures."""
        return follow(TRACKER, [resize(picture, *TRACKER_PIXELS) for picture in self.pictures])


class Windows(NamedTuple):
    """What a network found in consecutive windows, which end at `stamp_ns`, int64[n]."""

    length_ms: float
    stamp_ns: npt.NDArray[np.int64]
    boxes: tuple[tuple[Box, ...], ...]
    counts: Counts


def read(path: Path) -> Footage:
    """Read a video; raises BagError, or LearningError if it has too few pictures to be divided."""
    with open_recording(path) as recording:
        found = [
            (grey_of(each.decode()), each.log_ns) for each in recording.messages([IMAGE_TOPIC])
        ]
    if len(found) < 10:
        raise LearningError(f"{path}: has {len(found)} pictures in {IMAGE_TOPIC}; ten are too few")
    return Footage(
        tuple(picture for picture, _ in found), np.array([stamp for _, stamp in found], np.int64)
    )


def halves(footage: Footage) -> tuple[Footage, Footage]:
    """Return the part to train with, and the rest."""
    border = round(TRAINED_SHARE * len(footage.pictures))
    return footage.part(0, border), footage.part(border, len(footage.pictures))


def network(graph: EventGraphSpec) -> NetworkSpec:
    """Return the network of a camera, a graph of its events and boxes."""
    return NetworkSpec(
        name="graph_cars",
        dt_ms=1.0,
        inputs=(Input("dvs", SENSOR, "camera", "dvs", trigger=True),),
        populations=(Population("seen", graph.output_shape, graph=EventGraphLayers("dvs", graph)),),
        projections=(),
        readouts=(Readout("detections", "blob_detection", "seen", DETECTION),),
    )


def labelled(spec: NetworkSpec, footage: Footage) -> LabelledEvents:
    """Return the events that a network hears, each with the class of the car that it lies on."""
    camera = SensorInput(spec.inputs[0], spec.seed)
    made = [
        camera.encode(message, stamp_ns).spikes
        for message, stamp_ns in zip(footage.messages(), footage.stamp_ns.tolist(), strict=True)
    ]
    exact = merge(made)
    found = LabelledEvents(on_ticks(exact, spec.dt_ns), np.full(len(exact), NONE))
    _, y, x = found.places()
    _, height, width = exact.shape
    picture = footage.at(found.events.time_ns)
    for track in footage.tracks():
        inside = track.holds(picture, (x + 0.5) / width, (y + 0.5) / height)
        found.label[inside] = CLASSES.index(class_of(track))
    return found


def class_of(track: Track) -> str:
    """Return which way a car goes: downwards it comes nearer."""
    return APPROACHING if track.descent > 0 else LEAVING


def varied(whole: LabelledEvents, dt_ns: int, seed: int) -> list[LabelledEvents]:
    """Cut events into pieces, each turned in four ways, thinned and played at another speed."""
    generator = np.random.default_rng(seed)
    made = []
    for piece, down, across in product(whole.pieces(PIECE_NS), (False, True), (False, True)):
        turned = piece.turned(down, across)
        if down:
            turned = turned._replace(label=TURNED_OVER[turned.label])
        thin = turned.thinned(generator.uniform(0, LOST), generator)
        made.append(thin.slowed(generator.uniform(*SLOWER), dt_ns))
    return made


def detect(spec: NetworkSpec, footage: Footage) -> Windows:
    """Run a network with the readout of `detections` over footage, on the robot's engine."""
    pipeline = Pipeline(StreamingNetwork(spec))
    assert pipeline.detection
    window_ms = pipeline.detection.parameters.window_ms
    window_ns = round(window_ms * 1e6)
    found: dict[int, tuple[Box, ...]] = {}
    for message, stamp_ns in zip(footage.messages(), footage.stamp_ns.tolist(), strict=True):
        pipeline.receive("camera", message, stamp_ns)
        for decision in pipeline.advance(stamp_ns):
            found |= {each.stamp_ns: each.boxes for each in decision.detections}
    # A network that sleeps sends no windows: it has seen nothing in them.
    first_ns, last_ns = footage.stamp_ns[[0, -1]].tolist()
    ends = range(-(-first_ns // window_ns) * window_ns, last_ns + 1, window_ns)
    boxes = tuple(found.get(end_ns, ()) for end_ns in ends)
    return Windows(window_ms, np.array(ends, np.int64), boxes, pipeline.core.runner.counts())


def things(footage: Footage, stamp_ns: npt.NDArray[np.int64]) -> list[list[Thing]]:
    """Return the cars at some times by differences of pictures."""
    tracks = footage.tracks()
    return [
        [
            Thing(class_of(track), outline)
            for track in tracks
            if (outline := track.at(picture)) is not None
        ]
        for picture in footage.at(stamp_ns).tolist()
    ]


def compared(windows: Windows, footage: Footage) -> DetectionScore:
    """Compare what a network found with the cars that were there."""
    return score(windows.boxes, things(footage, windows.stamp_ns), CLASSES, MIN_OVERLAP)


def measured(spec: NetworkSpec, footage: Footage) -> Measurement:
    """Measure a network on all of some footage; the metric is f1 of its boxes."""
    windows = detect(spec, footage)
    found = compared(windows, footage)
    interval = block_bootstrap(
        lambda chosen: found.figures(chosen)["f1"], found.windows, BLOCK_WINDOWS
    )
    return Measurement(
        metric="f1",
        figures=found.figures(),
        ci95=interval,
        confusion=found.confusion.sum(axis=0),
        counts=windows.counts,
        sample_ms=windows.length_ms,
        windows=found.windows,
    )


class GraphCars(NamedTuple):
    """The recipe."""

    name: str = "graph_cars"
    task: str = "cars below a still camera and which way they go, by a graph of events"
    classes: tuple[str, ...] = ("nothing", *CLASSES)
    source: Source = Source(
        name="car-detection.mp4 of Intel's sample videos, 30 s of one parking lot",
        citation="Intel IoT DevKit, sample-videos, github.com/intel-iot-devkit/sample-videos",
        licence="CC BY 4.0",
        file="videos/car-detection.mp4",
        ships=True,
        licence_of_weights="CC BY 4.0",
    )
    split: str = (
        "the last 40 % of the video; true are the boxes of a tracker by differences of pictures, "
        "right is a box of the class of one that it overlaps by half"
    )

    def make(self, path: Path, training: Training) -> Made:
        """Train with the first part of a video and measure on the rest."""
        # Only training needs torch.
        from neuromorphic_ros.learning.event_segmentation import Epoch, SegmentationTraining, train

        epochs = EPOCHS if training.epochs is None else training.epochs
        parameters = build(
            SegmentationTraining,
            {"epochs": epochs, "seed": training.seed},
            f"recipe '{self.name}'",
            LearningError,
        )

        def tell(number: int, epoch: Epoch) -> None:
            words = f"epoch {number}: loss {epoch.loss:.4f}, accuracy {epoch.accuracy:.2%}"
            training.progress(words, number, epochs)

        first, rest = halves(read(path))
        widths = (*FEATURES, len(CLASSES))
        untrained = random_spec(SENSOR, widths, CELLS, training.seed, NEIGHBOURHOOD)
        spec = network(untrained)
        parts = varied(labelled(spec, first), spec.dt_ns, training.seed)
        spec = network(train(untrained, parts, parameters, tell))
        return Made(spec, measured(spec, rest))

    def measure(self, spec: NetworkSpec, path: Path) -> Measurement:
        """Measure on a video."""
        return measured(spec, read(path))


RECIPE = GraphCars()
