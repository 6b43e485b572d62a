"""The mpu6050_driver on a fake bus: FILE ARGUMENTS; the file says what the chip is exposed to."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from sensors.fake_mpu6050 import FakeBus

from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.nodes import mpu6050_driver


class ExposedBus(FakeBus):
    """A bus whose faults, and whose chip's, are looked up in a file at every transaction.

    The file is a JSON object: attributes of bus and chip; `losses`: how often power was lost.
    """

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file
        self._losses = 0
        self.look()

    def try_lock(self) -> bool:
        self.look()
        return super().try_lock()

    def look(self) -> None:
        self.locked, self.absent, self.stuck = False, False, None
        for name, value in json.loads(self._file.read_text()).items():
            setattr(self if hasattr(self, name) else self.chip, name, value)
        if self._losses != self.losses:
            self._losses = self.losses
            self.chip.lose_power()

    losses = 0


if __name__ == "__main__":
    bus = ExposedBus(Path(sys.argv.pop(1)))

    def open_bus(number: int) -> FakeBus:
        bus.look()
        if number != 1:
            raise SensorError(f"I2C bus /dev/i2c-{number} does not exist")
        return bus

    mpu6050_driver.open_bus = open_bus
    sys.exit(mpu6050_driver.main())
