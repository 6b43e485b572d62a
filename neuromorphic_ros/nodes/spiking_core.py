"""Spikes in, network steps, spikes and rates out."""

from __future__ import annotations

from neuromorphic_ros.nodes.backend_parameters import compiler_of, declare_backend
from neuromorphic_ros.nodes.convert_ann import ConvertAnnService
from neuromorphic_ros.nodes.describe_hardware import DescribeHardwareService
from neuromorphic_ros.nodes.learning import Learning
from neuromorphic_ros.nodes.load_network import LoadNetworkService
from neuromorphic_ros.nodes.managed_node import ManagedNode, run
from neuromorphic_ros.nodes.model_list import ModelList
from neuromorphic_ros.nodes.network_parameter import declare_network, network_of
from neuromorphic_ros.nodes.output_publishers import OutputPublishers
from neuromorphic_ros.nodes.process_graph import ProcessGraphService
from neuromorphic_ros.nodes.process_sequence import ProcessSequenceService
from neuromorphic_ros.nodes.process_spikes import ProcessSpikesService
from neuromorphic_ros.nodes.rest import Rest
from neuromorphic_ros.nodes.run_benchmark import RunBenchmarkService
from neuromorphic_ros.nodes.spike_subscription import SpikeSubscription
from neuromorphic_ros.pipeline.core import CoreParameters, SpikingCore
from neuromorphic_ros.pipeline.live import LiveCore, Now
from neuromorphic_ros.pipeline.messages import ReceivedSpikes
from neuromorphic_ros.pipeline.outputs import RATES

TIMER_S = 0.01


class SpikingCoreNode(ManagedNode):
    """Run a network on the spikes of encoder nodes."""

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__("spiking_core")
        declare_network(self)
        declare_backend(self)
        self._outputs = OutputPublishers(self)
        self._rest = Rest(self)
        self._learning = Learning(self)
        self._processing = ProcessSpikesService(self)
        self._graph_processing = ProcessGraphService(self)
        self._sequence_processing = ProcessSequenceService(self)
        self._description = DescribeHardwareService(self)
        self._benchmark = RunBenchmarkService(self)
        LoadNetworkService(self)
        ConvertAnnService(self)
        ModelList(self)
        self._live: LiveCore | None = None

    def configure(self) -> None:
        """Compile the network and advertise its outputs."""
        spec, compile_network = network_of(self), compiler_of(self)
        core = SpikingCore(compile_network(spec), CoreParameters())
        self._learning.configure(core)
        self._processing.configure(core, compile_network)
        self._description.configure(spec)
        self._benchmark.configure(spec, compile_network)
        self._graph_processing.configure()
        self._sequence_processing.configure()
        self.tuned.declare(core.tunables)
        self._live = LiveCore(core, self._outputs.wanted)
        self._outputs.add_spikes(population.name for population in spec.populations)
        self._outputs.add("rates", RATES)

    def activate(self) -> None:
        """Begin to listen."""
        assert self._live is not None
        self._live.restart()
        for source in self._live.core.runner.spec.inputs:
            SpikeSubscription(self, source.name, source.shape, self._on_spikes)
        self._learning.activate()
        self._timer = self.every(TIMER_S, self._on_timer)

    def deactivate(self) -> None:
        """Tell that no tick is run, and keep what was learned."""
        self._rest.tell(asleep=True)
        self._learning.deactivate()

    def cleanup(self) -> None:
        """Drop the network."""
        self._live = None
        self._learning.cleanup()
        self._processing.cleanup()
        self._description.cleanup()
        self._benchmark.cleanup()
        self._graph_processing.cleanup()
        self._sequence_processing.cleanup()
        self._outputs.close()

    def status(self) -> None:
        """Report who listens, the time of a tick and late spikes."""
        self._outputs.status()
        if self._live:
            level, message, values = self._live.health(self.now_ns)
            self.diagnostics.set("core", level, message, **values)
        self._learning.status()

    def _on_spikes(self, received: ReceivedSpikes, frame_id: str) -> None:
        assert self._live is not None
        self._live.receive(received, frame_id)
        self._advance()

    def _on_timer(self) -> None:
        assert self._live is not None
        clock_ns = self.now_ns
        if self.take_waiting():
            self._live.settle(clock_ns)
        self._advance()

    def _advance(self) -> None:
        assert self._live is not None
        advanced = self._live.advance(Now(self.now_ns, self.steady_ns))
        self._outputs.publish(advanced.messages)
        if advanced.failure:
            self.diagnostics.set("core", "error", advanced.failure)
        live = self._live
        asleep = live.core.asleep
        self._rest.update(self._timer, rests=live.rests, asleep=asleep)


def main() -> int:
    """Run the node."""
    return run(SpikingCoreNode)
