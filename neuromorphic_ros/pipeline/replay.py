"""Deterministic replay: a recording through a pipeline on its own stamps, as fast as it goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import NamedTuple

from neuromorphic_ros.bags.recording import Recording
from neuromorphic_ros.errors import BagError, SensorError
from neuromorphic_ros.pipeline.decision_messages import decision_messages
from neuromorphic_ros.pipeline.energy_account import EnergyAccount
from neuromorphic_ros.pipeline.messages import StepTimes
from neuromorphic_ros.pipeline.outputs import (
    ENERGY,
    CoreOutputs,
    OutputMessage,
    command_messages,
)
from neuromorphic_ros.pipeline.pipeline import Pipeline

TAIL_NS = 200_000_000
# A live clock does not leap over a silence, at which the core would start anew.
CLOCK_STEP_NS = 10_000_000_000


class Rejected(NamedTuple):
    """A sensor message that could not be used."""

    topic: str
    log_ns: int
    reason: str


def replay(
    pipeline: Pipeline,
    recording: Recording,
    topics: Mapping[str, str],
    account: EnergyAccount,
    base_frame: str = "base_link",
) -> Iterator[OutputMessage | Rejected]:
    """Yield everything that live nodes would publish, in the order of its making.

    topics: the topic of each sensor. Commands carry the network's time as their stamp. After the
    last message the network runs on for 0.2 s. Messages that cannot be used come as Rejected.
    Raises BagError if the recording is damaged.
    """
    outputs = CoreOutputs(pipeline.core, lambda topic: True)

    def made(clock_ns: int) -> Iterator[OutputMessage]:
        for decision in pipeline.advance(clock_ns):
            stop_ns = decision.step.stop_ns
            yield from outputs.stepped(decision.step)
            if decision.command:
                yield from command_messages(decision.command, stop_ns, base_frame, stamped=True)
            yield from decision_messages(pipeline, decision, outputs)
            if outputs.report_is_due:
                yield from _report(outputs, account, stop_ns)

    sensors = {topic: sensor for sensor, topic in topics.items()}
    end_ns = recording.start_ns
    for message in recording.messages(sensors):
        # A live clock has come this far before the message arrives, and so have the ticks.
        for clock_ns in range(end_ns + CLOCK_STEP_NS, message.log_ns, CLOCK_STEP_NS):
            yield from made(clock_ns)
        end_ns = message.log_ns
        yield from made(end_ns)
        try:
            encoded = pipeline.receive(sensors[message.topic], message.decode(), end_ns)
        except (SensorError, BagError) as unusable:
            yield Rejected(message.topic, end_ns, str(unusable))
            continue
        for name, sample in encoded.items():
            yield from outputs.encoded(name, sample)
        yield from made(end_ns)
    lateness_ns = round(pipeline.core.parameters.max_lateness_ms * 1e6)
    yield from made(end_ns + lateness_ns + TAIL_NS)
    yield from _report(outputs, account, end_ns + TAIL_NS)


def _report(outputs: CoreOutputs, account: EnergyAccount, stamp_ns: int) -> Iterator[OutputMessage]:
    for rates in outputs.report(stamp_ns, StepTimes()):
        yield rates
        energy = account.add(SimpleNamespace(**rates.fields), stamp_ns)
        yield OutputMessage("energy", ENERGY, stamp_ns, energy)
