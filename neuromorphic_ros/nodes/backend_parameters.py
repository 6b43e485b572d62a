"""The parameters that say which hardware runs the network, and how."""

from __future__ import annotations

from neuromorphic_ros.backends.base import Compile
from neuromorphic_ros.backends.options import Options
from neuromorphic_ros.backends.registry import BACKENDS, compiler
from neuromorphic_ros.nodes.managed_node import ManagedNode
from neuromorphic_ros.parameters import fields_of


def declare_backend(node: ManagedNode) -> None:
    """Declare the parameters `backend`, `engine` and `device`."""
    node.parameter("backend", "jetson", f"Hardware to run on: {', '.join(BACKENDS)}")
    for field in fields_of(Options):
        node.parameter(field.name, field.default, field.description)


def compiler_of(node: ManagedNode) -> Compile:
    """Return what compiles networks as the parameters say; raises BackendError if one is wrong."""
    chosen = {field.name: node.value(field.name) for field in fields_of(Options)}
    return compiler(node.value("backend"), chosen)
