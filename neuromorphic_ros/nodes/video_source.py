"""A camera or a video onto image_raw and camera_info."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from ament_index_python.packages import PackageNotFoundError, get_package_share_path
from rclpy.qos import QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import CameraInfo, Image

from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.nodes.conversion import to_ros
from neuromorphic_ros.nodes.managed_node import ManagedNode, run
from neuromorphic_ros.nodes.reconnection import keep_connected
from neuromorphic_ros.nodes.worker import Worker
from neuromorphic_ros.sensors.camera import Camera, CameraRequest
from neuromorphic_ros.sensors.camera_calibration import (
    CameraCalibration,
    read_calibration,
    uncalibrated,
)
from neuromorphic_ros.sensors.pace import Pace
from neuromorphic_ros.sensors.stamps import next_stamp_ns

QOS = QoSProfile(depth=5)
WATCH_S = 0.5
# A driver that hangs cannot be interrupted.
STOP_TIMEOUT_S = 2.0
MOST_LATE_NS = 500_000_000
PACKAGE_URL, FILE_URL = "package://", "file://"


class _Choice(NamedTuple):
    """What a change of makes the source be opened again."""

    request: CameraRequest
    camera_info_url: str


class VideoSource(ManagedNode):
    """Publish pictures stamped with the time of their capture; open again what breaks off."""

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__("video_source")
        self.parameter(
            "source",
            "0",
            "Number or /dev path of a device, path of a video, URL, GStreamer pipeline",
            dynamic=True,
        )
        self.parameter("width", 0, "Width to ask a device for [px]; 0: its own", low=0, high=16384)
        self.parameter(
            "height", 0, "Height to ask a device for [px]; 0: its own", low=0, high=16384
        )
        self.parameter("fps", 0.0, "Rate to ask a device for [Hz]; 0: its own", low=0.0, high=1e3)
        self.parameter("rate", 1.0, "Speed of a video, in times real time", low=0.01, high=100.0)
        self.parameter("loop", True, "Begin a video again at its end")
        self.parameter("frame_id", "camera", "Optical frame of the pictures")
        self.parameter(
            "camera_info_url", "", "Calibration: path, file:// or package:// of a YAML file"
        )
        self.parameter(
            "timeout_s", 3.0, "Silence of a source that is reported [s]", low=0.1, high=3600.0
        )
        self._images = self._publisher(Image, "image_raw")
        self._infos = self._publisher(CameraInfo, "camera_info")
        self._worker: Worker | None = None
        self._stamp_ns: int | None = None
        self._waiting_since_ns: int | None = None

    def activate(self) -> None:
        """Begin to capture."""
        self.every(WATCH_S, self._watch)
        self._worker = Worker(self, lambda worker: keep_connected(self, worker, self._capture))

    def deactivate(self) -> None:
        """Stop capturing."""
        if self._worker and not self._worker.stop(STOP_TIMEOUT_S):
            self.diagnostics.set("source", "error", f"{self._silence()}; it was left behind")
        self._worker, self._waiting_since_ns = None, None

    def _capture(self, worker: Worker) -> bool:
        """Publish until another source is chosen; return false once there is no more to come."""
        choice = self._choice()
        self._waiting_since_ns = self.steady_ns
        try:
            with closing(Camera(choice.request)) as camera:
                calibration = self._calibration(choice.camera_info_url)
                if choice.request.is_live:
                    return self._publish_live(worker, camera, calibration, choice)
                return self._publish_video(worker, camera, calibration, choice)
        finally:
            # One that was left behind must not speak for its successor.
            if not worker.stopping.is_set():
                self._waiting_since_ns = None

    def _publish_live(
        self,
        worker: Worker,
        camera: Camera,
        calibration: CameraCalibration | None,
        choice: _Choice,
    ) -> bool:
        while choice == self._choice():
            self._waiting_since_ns = self.steady_ns
            camera.grab()
            stamp_ns = self.now_ns
            if worker.stopping.is_set():
                return False
            self._publish(camera, calibration, stamp_ns)
        return True

    def _publish_video(
        self,
        worker: Worker,
        camera: Camera,
        calibration: CameraCalibration | None,
        choice: _Choice,
    ) -> bool:
        pace: Pace | None = None
        while choice == self._choice():
            self._waiting_since_ns = self.steady_ns
            if not camera.grab():
                if not self.value("loop"):
                    self.diagnostics.set("source", "ok", f"'{choice.request.source}' has ended")
                    return False
                camera.rewind()
                continue
            self._waiting_since_ns = None
            position_ns = camera.position_ns
            if pace is None:
                pace = Pace(self.steady_ns, position_ns, camera.period_ns)
            else:
                pace = pace.next(position_ns, self.value("rate"))
            if not worker.sleep_until(pace.due_ns):
                return False
            late = self.steady_ns > pace.due_ns + MOST_LATE_NS
            if late:
                pace = pace._replace(due_ns=self.steady_ns)
            self._publish(camera, calibration, self.now_ns, late=late)
        return True

    def _publish(
        self,
        camera: Camera,
        calibration: CameraCalibration | None,
        captured_ns: int,
        *,
        late: bool = False,
    ) -> None:
        picture = camera.picture()
        height, width, channels = picture.shape
        self._stamp_ns = next_stamp_ns(self._stamp_ns, captured_ns)
        header = {"stamp": self._stamp_ns, "frame_id": self.value("frame_id")}
        info = self._fitting(calibration, width, height)
        self._infos.publish(
            to_ros("sensor_msgs/msg/CameraInfo", {"header": header, **info._asdict()})
        )
        self._images.publish(
            to_ros(
                "sensor_msgs/msg/Image",
                {
                    "header": header,
                    "height": height,
                    "width": width,
                    "encoding": "bgr8",
                    "step": channels * width,
                    "data": picture.reshape(-1),
                },
            )
        )
        request = camera.request
        wanted = (request.width or width, request.height or height)
        said = f"capturing '{request.source}'"
        if request.is_device and wanted != (width, height):
            reason = f"{said} at {width}x{height}, which it has chosen itself"
            self.diagnostics.set("source", "warn", reason)
        elif late:
            reason = f"{said} more slowly than asked for: this machine cannot keep up; lower rate"
            self.diagnostics.set("source", "warn", reason)
        else:
            self.diagnostics.set("source", "ok", said, width=width, height=height)

    def _fitting(
        self, calibration: CameraCalibration | None, width: int, height: int
    ) -> CameraCalibration:
        if calibration is None:
            return uncalibrated(width, height)
        if (calibration.width, calibration.height) == (width, height):
            self.diagnostics.set("calibration", "ok", "calibrated")
            return calibration
        reason = (
            f"calibration is of {calibration.width}x{calibration.height} pictures, not of "
            f"{width}x{height}, and not used; set width and height or calibrate again"
        )
        self.diagnostics.set("calibration", "error", reason)
        return uncalibrated(width, height)

    def _calibration(self, url: str) -> CameraCalibration | None:
        if not url:
            self.diagnostics.set("calibration", "ok", "none: camera_info holds the size alone")
            return None
        try:
            return read_calibration(_path(url))
        except SensorError as unusable:
            self.diagnostics.set("calibration", "error", f"{unusable}; not used")
            return None

    def _choice(self) -> _Choice:
        width, height, fps = map(self.value, ("width", "height", "fps"))
        request = CameraRequest(str(self.value("source")), width, height, fps)
        return _Choice(request, self.value("camera_info_url"))

    def _watch(self) -> None:
        # In its own thread a source that hangs could not say so.
        since_ns = self._waiting_since_ns
        if since_ns is not None and self.steady_ns - since_ns > self.value("timeout_s") * 1e9:
            self.diagnostics.set("source", "error", f"{self._silence()}; check cable and pipeline")

    def _silence(self) -> str:
        return f"'{self.value('source')}' gives no picture and does not answer"

    def _publisher(self, kind: type, topic: str) -> Any:
        return self.create_publisher(
            kind, topic, QOS, qos_overriding_options=QoSOverridingOptions.with_default_policies()
        )


def _path(url: str) -> Path:
    if not url.startswith(PACKAGE_URL):
        return Path(url.removeprefix(FILE_URL))
    package, _, rest = url.removeprefix(PACKAGE_URL).partition("/")
    try:
        return Path(get_package_share_path(package), rest)
    except (PackageNotFoundError, ValueError):
        raise SensorError(f"calibration {url}: package '{package}' is not installed") from None


def main() -> int:
    """Run the node."""
    return run(VideoSource)
