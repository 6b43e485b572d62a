from __future__ import annotations

import math

import numpy as np
import pytest

from neuromorphic_ros.bags.typestore import serialize, to_message
from neuromorphic_ros.decoding.time_to_contact import TimeToContact
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.pipeline.contact_readout import Contact, ContactReadout
from neuromorphic_ros.pipeline.outputs import contact_messages
from neuromorphic_ros.pipeline.tuning import tune
from neuromorphic_ros.spikes import SpikeBatch

MS = 1_000_000
STEP_MS = 20


@pytest.fixture
def readout() -> ContactReadout:
    return ContactReadout("expansion", TimeToContact(gain_s=1.0, tau_ms=50.0), MS)


def seen(readout: ContactReadout, start_ms: int, outwards: int, edges: int) -> Contact | None:
    """Decide after a step in which both neurons fire so often."""
    counts = np.array((outwards, edges))
    at_ms = np.concatenate([np.arange(count) for count in counts])
    order = np.argsort(at_ms, kind="stable")
    address = np.repeat(np.arange(2, dtype=np.uint32), counts)[order]
    spikes = SpikeBatch((2,), address, (start_ms + at_ms[order]) * MS)
    return readout.decide(spikes, start_ms * MS, (start_ms + STEP_MS) * MS)


def test_the_time_is_told_at_the_end_of_each_step(readout: ContactReadout) -> None:
    found = [seen(readout, at, 5, 10) for at in range(0, 200, STEP_MS)]
    assert [each.stamp_ns // MS for each in found if each] == list(range(20, 220, 20))
    assert found[-1]
    assert found[-1].time_s == pytest.approx(2.0, rel=0.2)


def test_what_moves_no_edge_outwards_is_never_hit(readout: ContactReadout) -> None:
    found = seen(readout, 0, 0, 10)
    assert found
    assert math.isinf(found.time_s)


def test_nothing_is_told_while_too_little_is_seen(readout: ContactReadout) -> None:
    assert seen(readout, 0, 0, 0) is None


def test_a_span_before_is_a_new_start(readout: ContactReadout) -> None:
    assert seen(readout, 5000, 10, 20)
    assert seen(readout, 0, 0, 0) is None


def test_the_gain_changes_while_it_runs(readout: ContactReadout) -> None:
    before = seen(readout, 0, 5, 10)
    tune(readout.tunables, {"contact.gain_s": 2.0})
    readout.reset()
    after = seen(readout, 0, 5, 10)
    assert before
    assert after
    assert after.time_s == pytest.approx(2.0 * before.time_s)


def test_another_population_is_refused(readout: ContactReadout) -> None:
    with pytest.raises(NetworkError, match="reads 2 neurons"):
        readout.decide(SpikeBatch.empty((3,)), 0, MS)


def test_the_message_is_a_number_of_seconds() -> None:
    (message,) = contact_messages(Contact(40 * MS, 1.5))
    assert (message.topic, message.stamp_ns) == ("time_to_contact", 40 * MS)
    told = to_message(message.type, message.fields)
    assert serialize(message.type, told)
    assert told.data == 1.5
    assert list(contact_messages(None)) == []
