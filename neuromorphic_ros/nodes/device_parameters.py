"""Settings of a device as ROS parameters."""

from __future__ import annotations

import array
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from rcl_interfaces.msg import SetParametersResult
from rclpy.parameter import Parameter

from neuromorphic_ros.nodes.managed_node import ManagedNode
from neuromorphic_ros.parameters import build, fields_of
from neuromorphic_ros.pipeline.tuning import ParameterError

T = TypeVar("T")


class DeviceParameters(Generic[T]):
    """Declare the fields of one parameter set under their own names, and check them as a whole.

    A change is refused with the reason, or is what the next `read` returns.
    """

    def __init__(self, node: ManagedNode, kind: type[T]) -> None:
        """Declare all fields, with the defaults of `kind`."""
        self._node = node
        self._kind = kind
        self._names = [field.name for field in fields_of(kind)]
        for name, default, low, high, description in fields_of(kind):
            node.parameter(name, default, description, low=low, high=high)
        node.add_on_set_parameters_callback(self._on_set)

    def read(self) -> T:
        """Return the present values; raises ParameterError if they were wrong from the start."""
        return self._build({})

    def _build(self, changes: dict[str, Any]) -> T:
        values = {name: self._node.value(name) for name in self._names} | changes
        plain = {
            name: value.tolist() if isinstance(value, array.array) else value
            for name, value in values.items()
        }
        return build(self._kind, plain, self._node.get_name(), ParameterError)

    def _on_set(self, parameters: Sequence[Parameter[Any]]) -> SetParametersResult:
        changes = {each.name: each.value for each in parameters if each.name in self._names}
        try:
            # Declaring is setting as well, one after the other.
            if changes and all(map(self._node.has_parameter, self._names)):
                self._build(changes)
        except ParameterError as refused:
            return SetParametersResult(successful=False, reason=str(refused))
        return SetParametersResult(successful=True)
