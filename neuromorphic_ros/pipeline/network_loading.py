"""See whether a network would run, before the one that runs is ended."""

from __future__ import annotations

from collections.abc import Callable

from neuromorphic_ros.backends.base import Compile
from neuromorphic_ros.pipeline.answering import answering
from neuromorphic_ros.pipeline.model_list import ListedNetwork, list_network
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.pipeline.quality_control import compile_lower


def trial(name: str, compile_network: Compile) -> Callable[[], ListedNetwork | str]:
    """Return what reads and compiles a network with its variants, encoders and decoders.

    It is for another thread, and returns what is known of the network, or why it would not run.
    """

    def work() -> ListedNetwork:
        spec = find_network(name)
        Pipeline(compile_network(spec), compile_lower(spec, compile_network))
        return list_network(name)

    return answering(work)
