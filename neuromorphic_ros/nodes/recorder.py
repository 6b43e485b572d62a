"""Topics to an MCAP rosbag2, byte for byte as they came over the wire."""

from __future__ import annotations

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.topic_endpoint_info import TopicEndpointInfo

from neuromorphic_ros.bags.writer import RecordingWriter
from neuromorphic_ros.errors import BagError
from neuromorphic_ros.nodes.conversion import message_class
from neuromorphic_ros.nodes.managed_node import ManagedNode, run
from neuromorphic_ros.report.thinning import Thinning

DISCOVERY_PERIOD_S = 0.1
QUEUE_DEPTH = 200
LONGEST_S = 86_400.0


class Recorder(ManagedNode):
    """Record topics as they appear; messages carry the time of the node's clock at arrival.

    With use_sim_time nothing is recorded before /clock begins: there is no time to record it at.
    """

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__("recorder")
        self.parameter("path", "", "Folder of the recording to write")
        self.parameter("overwrite", False, "Replace an existing recording")
        self.parameter("topics", [""], "Topics to record; empty: all")
        self.parameter(
            "duration_s",
            0.0,
            "End the process after this time [s]; 0: never",
            low=0.0,
            high=LONGEST_S,
        )
        self.parameter(
            "image_period_s",
            0.0,
            "Least time between kept images of a topic [s]; 0: keep all",
            low=0.0,
            high=LONGEST_S,
        )
        self._writer: RecordingWriter | None = None
        self._known: set[str] = set()

    def configure(self) -> None:
        """Begin a recording; it appears under its name when it is complete."""
        self._wanted = [self.resolve_topic_name(topic) for topic in self.value("topics") if topic]
        self._thinning = Thinning(self.value("image_period_s"))
        self._begun_ns: int | None = None
        self._recorded = 0
        self._writer = RecordingWriter(self.value("path"), self.value("overwrite"))

    def activate(self) -> None:
        """Begin to listen to topics that are published, and to those that will be."""
        self.every(DISCOVERY_PERIOD_S, self._discover)

    def deactivate(self) -> None:
        """Forget the topics."""
        self._known = set()

    def cleanup(self) -> None:
        """Put the recording in its place."""
        if self._writer:
            self._writer.close()
            self._writer = None

    def finish(self) -> None:
        """Put the recording in its place when the process ends without a clean-up."""
        self.cleanup()

    def status(self) -> None:
        """Report what is recorded and what is missing."""
        values = {"topics": len(self._known), "messages": self._recorded}
        if missing := set(self._wanted) - self._known:
            reason = f"nobody publishes {', '.join(sorted(missing))}"
            self.diagnostics.set("recording", "warn", reason, **values)
        else:
            self.diagnostics.set("recording", "ok", "recording", **values)

    def _discover(self) -> None:
        for topic, types in self.get_topic_names_and_types():
            if topic in self._known or (self._wanted and topic not in self._wanted):
                continue
            if publishers := self.get_publishers_info_by_topic(topic):
                self._known.add(topic)
                self._subscribe(topic, types[0], publishers)

    def _subscribe(self, topic: str, type_name: str, publishers: list[TopicEndpointInfo]) -> None:
        assert self._writer is not None
        try:
            self._writer.add_topic(topic, type_name)
            kind = message_class(type_name)
        except (BagError, ImportError, AttributeError):
            reason = f"not recorded: {type_name} is not known"
            self.diagnostics.set(f"topic {topic}", "warn", reason)
            return
        self.listen(
            kind,
            topic,
            lambda raw: self._record(topic, type_name, raw),
            offered_by_all(publishers),
            raw=True,
        )

    def _record(self, topic: str, type_name: str, raw: bytes) -> None:
        now_ns = self.now_ns
        if not now_ns or not self._writer or not self._thinning.keeps(topic, type_name, now_ns):
            return
        self._begun_ns = now_ns if self._begun_ns is None else self._begun_ns
        try:
            self._writer.write(topic, type_name, raw, now_ns)
        except BagError as failed:
            self.diagnostics.set("recording", "error", str(failed))
            return
        self._recorded += 1
        if 0.0 < self.value("duration_s") * 1e9 <= now_ns - self._begun_ns:
            self.end()


def offered_by_all(publishers: list[TopicEndpointInfo]) -> QoSProfile:
    """Return the strictest quality of service that every publisher offers."""
    offers = [publisher.qos_profile for publisher in publishers]
    reliable = all(offer.reliability == ReliabilityPolicy.RELIABLE for offer in offers)
    latched = all(offer.durability == DurabilityPolicy.TRANSIENT_LOCAL for offer in offers)
    return QoSProfile(
        depth=QUEUE_DEPTH,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


def main() -> int:
    """Run the node."""
    return run(Recorder)
