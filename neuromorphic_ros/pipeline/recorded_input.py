"""What the encoders of a network give it of a recording."""

from __future__ import annotations

from collections.abc import Mapping

from neuromorphic_ros.backends.base import Runner
from neuromorphic_ros.bags.recording import Recording
from neuromorphic_ros.bags.topics import find_topics
from neuromorphic_ros.errors import BagError, SensorError
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.pipeline.sensing import MESSAGE_TYPES
from neuromorphic_ros.snn.counts import Counts
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes, concatenated

TAIL_NS = 1_000_000_000


def recorded_input(
    spec: NetworkSpec, recording: Recording, topics: Mapping[str, str]
) -> tuple[TickSpikes, ...]:
    """Play a recording and return what reaches the network, from each start at rest to the next.

    topics: the topic of a sensor, where several fit. Messages that cannot be used are left out.
    Raises BagError if the recording is damaged, has no topic for a sensor or no spike comes of it.
    """
    pipeline = Pipeline(listener := _Listener(spec))
    wanted = {sensor: MESSAGE_TYPES[sensor] for sensor in pipeline.sensors}
    found = find_topics(recording, wanted, topics)
    sensors = {topic: sensor for sensor, topic in found.items()}
    end_ns = recording.start_ns
    for message in recording.messages(sensors):
        end_ns = message.log_ns
        try:
            pipeline.receive(sensors[message.topic], message.decode(), end_ns)
        except (SensorError, BagError):
            continue
        for _ in pipeline.advance(end_ns):
            pass
    for _ in pipeline.advance(end_ns + TAIL_NS):
        pass
    pieces = tuple(concatenated(each) for each in listener.heard if each)
    if not any(piece.address.size for piece in pieces):
        raise BagError(f"{recording.path}: no spike reaches network '{spec.name}'")
    return pieces


class _Listener:
    """The streaming engine, remembering what it is given; a `Runner`.

    heard: what was given in each call, in a list for each start at rest.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        self.spec = spec
        self.heard: list[list[TickSpikes]] = [[]]
        self._network = StreamingNetwork(spec)

    def run(self, spikes: TickSpikes) -> TickSpikes:
        self.heard[-1].append(spikes)
        return self._network.run(spikes)

    def reset(self) -> None:
        self.heard.append([])
        self._network.reset()

    def adopt(self, other: Runner) -> None:
        self._network.adopt(other)

    def counts(self) -> Counts:
        return self._network.counts()
