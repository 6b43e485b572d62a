"""A camera or a video file onto image_raw."""

from __future__ import annotations

from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image

from neuromorphic_ros.bags.camera import Frame, frames
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.nodes.conversion import to_ros
from neuromorphic_ros.nodes.managed_node import ManagedNode, run
from neuromorphic_ros.nodes.worker import Worker

RETRY_NS = 1_000_000_000


class VideoSource(ManagedNode):
    """Publish frames stamped with the time of capture; reopen what breaks off."""

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__("video_source")
        self.parameter("source", "0", "Number of a device, path of a video, GStreamer pipeline")
        self.parameter("frame_id", "camera", "Frame of the images")
        self.parameter("loop", True, "Begin a video again at its end")
        self._images = self.create_publisher(Image, "image_raw", QoSProfile(depth=5))
        self._worker: Worker | None = None

    def activate(self) -> None:
        """Begin to capture."""
        self._worker = Worker(self, self._capture)

    def deactivate(self) -> None:
        """Stop capturing."""
        if self._worker:
            self._worker.stop()
            self._worker = None

    def _capture(self, worker: Worker) -> None:
        source = self.value("source")
        while not worker.stopping.is_set():
            try:
                self._capture_once(worker, source)
                if not self.value("loop"):
                    self.diagnostics.set("source", "ok", f"'{source}' has ended")
                    return
            except SensorError as broken:
                self.diagnostics.set("source", "error", f"{broken}; trying again")
            worker.sleep_until(self.steady_ns + RETRY_NS)

    def _capture_once(self, worker: Worker, source: str) -> None:
        due_ns = self.steady_ns
        for frame in frames(source):
            if not worker.sleep_until(due_ns):
                return
            due_ns += frame.period_ns
            self._images.publish(self._message(frame))
            self.diagnostics.set("source", "ok", f"capturing '{source}'")

    def _message(self, frame: Frame) -> Image:
        height, width, channels = frame.picture.shape
        return to_ros(
            "sensor_msgs/msg/Image",
            {
                "header": {"stamp": self.now_ns, "frame_id": self.value("frame_id")},
                "height": height,
                "width": width,
                "encoding": "bgr8",
                "step": channels * width,
                "data": frame.picture.reshape(-1),
            },
        )


def main() -> int:
    """Run the node."""
    return run(VideoSource)
