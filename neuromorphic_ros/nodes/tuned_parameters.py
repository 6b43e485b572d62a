"""Parameter sets as ROS parameters: described, limited, changed while the node runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter

from neuromorphic_ros.parameters import ParameterField
from neuromorphic_ros.pipeline.tuning import ParameterError, Tunable, Tunables, tune


def descriptor(
    field: ParameterField, *, read_only: bool = False, dynamic: bool = False
) -> ParameterDescriptor:
    """Describe a parameter to ROS, with its limits as a range; dynamic: its type may change."""
    described = ParameterDescriptor(
        description=field.description, read_only=read_only, dynamic_typing=dynamic
    )
    if field.low is None or field.high is None or isinstance(field.default, bool):
        return described
    if isinstance(field.default, int):
        described.integer_range = [
            IntegerRange(from_value=int(field.low), to_value=int(field.high))
        ]
    elif isinstance(field.default, float):
        described.floating_point_range = [
            FloatingPointRange(from_value=field.low, to_value=field.high)
        ]
    return described


class TunedParameters:
    """Keep the ROS parameters `set.field` of a node and its parameter sets in step.

    A change is checked as a whole, refused with the reason or in force when the call returns;
    callbacks run one at a time, so that is before the next tick.
    """

    def __init__(self, node: Node) -> None:
        """Watch the parameters of `node`."""
        self._node = node
        self._tunables: Tunables = {}
        self._declared: list[str] = []
        node.add_on_set_parameters_callback(self._on_set)

    @property
    def sets(self) -> frozenset[str]:
        """Names of the declared parameter sets."""
        return frozenset(self._tunables)

    def declare(self, tunables: Mapping[str, Tunable]) -> None:
        """Declare all fields; values given at start override those of the network.

        Raises ParameterError if a given value is refused.
        """
        self.forget()
        given: dict[str, object] = {}
        for prefix, tunable in tunables.items():
            for field in tunable.fields:
                name = f"{prefix}.{field.name}"
                value = self._declare(name, field)
                self._declared.append(name)
                if value != field.default:
                    given[name] = value
        tune(tunables, given)
        self._tunables = tunables

    def forget(self) -> None:
        """Undeclare all fields."""
        self._tunables = {}
        for name in self._declared:
            self._node.undeclare_parameter(name)
        self._declared = []

    def _declare(self, name: str, field: ParameterField) -> Any:
        try:
            return self._node.declare_parameter(name, field.default, descriptor(field)).value
        except Exception as refused:
            # rclpy has a class of its own for each way in which an override can be wrong.
            raise ParameterError(f"parameter '{name}': {refused}") from None

    def _on_set(self, parameters: Sequence[Parameter[Any]]) -> SetParametersResult:
        changes = {
            parameter.name: parameter.value
            for parameter in parameters
            if parameter.name.partition(".")[0] in self._tunables
        }
        try:
            tune(self._tunables, changes)
        except ParameterError as refused:
            return SetParametersResult(successful=False, reason=str(refused))
        return SetParametersResult(successful=True)
