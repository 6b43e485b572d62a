"""The parameters that say which network runs, on what."""

from __future__ import annotations

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.nodes.managed_node import ManagedNode
from neuromorphic_ros.pipeline.networks import find_network, network_files
from neuromorphic_ros.snn.spec import NetworkSpec


def declare_network(node: ManagedNode) -> None:
    """Declare the parameters `network` and `variant`."""
    node.parameter("network", "", "Name of a shipped network or model, or path of a network file")
    node.parameter("variant", "", "Variant of the network to run; empty: the network itself")


def network_of(node: ManagedNode) -> NetworkSpec:
    """Read the network that the parameters name; raises NetworkError if it cannot be."""
    name = node.value("network")
    if not name:
        raise NetworkError(
            "parameter 'network' is not set; set it to the path of a network file or to one of "
            f"{', '.join(network_files())}"
        )
    return find_network(name, node.value("variant"))
