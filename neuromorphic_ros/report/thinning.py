"""Which images of a stream are worth their space."""

from __future__ import annotations

IMAGE_TYPES = frozenset({"sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"})


class Thinning:
    """Keep every message, but of images only one per period and topic."""

    def __init__(self, image_period_s: float) -> None:
        """image_period_s: least time between kept images of a topic [s]; 0: keep all."""
        self._period_ns = round(image_period_s * 1e9)
        self._kept_ns: dict[str, int] = {}

    def keeps(self, topic: str, type_name: str, now_ns: int) -> bool:
        """Tell whether to keep a message that came at `now_ns`; a clock set back starts anew."""
        if type_name not in IMAGE_TYPES:
            return True
        since_ns = now_ns - self._kept_ns.get(topic, now_ns - self._period_ns)
        if 0 <= since_ns < self._period_ns:
            return False
        self._kept_ns[topic] = now_ns
        return True
