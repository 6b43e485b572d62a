"""A recording onto its topics and /clock, whatever its format."""

from __future__ import annotations

from typing import Any

from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.recording import Recording
from neuromorphic_ros.errors import BagError
from neuromorphic_ros.nodes.conversion import message_class, stamp_message
from neuromorphic_ros.nodes.managed_node import ManagedNode, run
from neuromorphic_ros.nodes.worker import Worker
from neuromorphic_ros.pipeline.playback import schedule

QOS = QoSProfile(depth=100)
CLOCK = "/clock"
POLL_NS = 20_000_000


class BagPlayer(ManagedNode):
    """Play a rosbag2, ROS 1 bag, CARMEN log or video once or in a loop."""

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__("bag_player")
        self.parameter("path", "", "Recording to play")
        self.parameter("rate", 1.0, "Speed, in times real time", low=0.001, high=1000.0)
        self.parameter("loop", False, "Begin again at the end")
        self.parameter("exit_at_end", False, "End the process after the last message")
        self.parameter("topics", [""], "Topics to play; empty: all whose type is installed")
        self.parameter("wait_for", [""], "Topics that must be subscribed to before it begins")
        self.parameter(
            "wait_subscribers", 1, "How many subscribers each of these must have", low=1, high=1000
        )
        self.parameter(
            "wait_timeout_s", 30.0, "How long to wait for subscribers [s]", low=0.0, high=86_400.0
        )
        self._recording: Recording | None = None
        self._topics: dict[str, Publisher[Any]] = {}
        self._time: Publisher[Clock] | None = None
        self._worker: Worker | None = None

    def configure(self) -> None:
        """Open the recording and advertise its topics."""
        self._recording = open_recording(self.value("path"))
        wanted = [topic for topic in self.value("topics") if topic]
        if missing := set(wanted) - set(self._recording.topics):
            raise BagError(
                f"{self._recording.path} has no topic {', '.join(sorted(missing))}; "
                f"it has {', '.join(self._recording.topics)}"
            )
        self._time = self.create_publisher(Clock, CLOCK, QOS)
        for topic, info in self._recording.topics.items():
            if topic == CLOCK or (wanted and topic not in wanted):
                continue
            try:
                kind = message_class(info.type)
            except (ImportError, AttributeError):
                self.diagnostics.set(
                    f"topic {topic}", "warn", f"not played: {info.type} is not installed"
                )
                continue
            self._topics[topic] = self.create_publisher(kind, topic, QOS)
        if not self._topics:
            raise BagError(f"{self._recording.path} has no topic whose type is installed")

    def activate(self) -> None:
        """Begin to play."""
        self._worker = Worker(self, self._play)

    def deactivate(self) -> None:
        """Stop playing."""
        if self._worker:
            self._worker.stop()
            self._worker = None

    def cleanup(self) -> None:
        """Close the recording."""
        if self._recording:
            self._recording.close()
        for publisher in (*self._topics.values(), *filter(None, [self._time])):
            self.destroy_publisher(publisher)
        self._recording, self._topics, self._time = None, {}, None

    def _play(self, worker: Worker) -> None:
        assert self._recording is not None
        self._wait_for_subscribers(worker)
        while self._play_once(worker, self._recording) and self.value("loop"):
            pass
        self.diagnostics.set("source", "ok", "played to the end")
        if self.value("exit_at_end"):
            self.end()

    def _play_once(self, worker: Worker, recording: Recording) -> bool:
        assert self._time is not None
        begun_ns = self.steady_ns
        for due in schedule(recording.messages(self._topics), self.value("rate")):
            if not worker.sleep_until(begun_ns + due.wait_ns):
                return False
            self._time.publish(Clock(clock=stamp_message(due.clock_ns)))
            if due.message:
                self._topics[due.message.topic].publish(due.message.raw)
        return True

    def _wait_for_subscribers(self, worker: Worker) -> None:
        until_ns = self.steady_ns + round(self.value("wait_timeout_s") * 1e9)
        wanted = self.value("wait_subscribers")
        for topic in filter(None, self.value("wait_for")):
            while (there := self._subscribers(topic)) < wanted:
                if self.steady_ns > until_ns:
                    raise BagError(
                        f"{topic} has {there} subscribers, not {wanted}; is the other side running?"
                    )
                if not worker.sleep_until(self.steady_ns + POLL_NS):
                    return

    def _subscribers(self, topic: str) -> int:
        # Those that are known to the graph may still miss what is published now.
        if topic in self._topics:
            return int(self._topics[topic].get_subscription_count())
        return int(self.count_subscribers(topic))


def main() -> int:
    """Run the node."""
    return run(BagPlayer)
