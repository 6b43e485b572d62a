"""Choose the topics of a recording that feed the network."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from neuromorphic_ros.bags.recording import Recording
from neuromorphic_ros.errors import BagError


def find_topics(
    recording: Recording, wanted: Mapping[str, Collection[str]], chosen: Mapping[str, str]
) -> dict[str, str]:
    """Return the topic of each source.

    wanted: source name to the message types it reads.
    chosen: source name to topic, the user's choice; otherwise the topic of a fitting type with
    most messages, the first by name if several have as many.
    Raises BagError, listing the topics of the recording, if a choice or source has no topic.
    """
    if unknown := chosen.keys() - wanted.keys():
        raise BagError(
            f"no source named {', '.join(sorted(unknown))}; the sources are "
            f"{', '.join(sorted(wanted)) or 'none'}"
        )
    return {
        source: _chosen_topic(recording, source, types, chosen[source])
        if source in chosen
        else _busiest_topic(recording, source, types)
        for source, types in wanted.items()
    }


def _chosen_topic(recording: Recording, source: str, types: Collection[str], topic: str) -> str:
    info = recording.topics.get(topic)
    if info is None:
        raise BagError(
            f"{recording.path}: topic {topic} chosen for '{source}' is not in the recording; "
            f"{_listing(recording)}"
        )
    if info.type not in types:
        raise BagError(
            f"{recording.path}: topic {topic} chosen for '{source}' has type {info.type}, not "
            f"{' or '.join(types)}; {_listing(recording)}"
        )
    return topic


def _busiest_topic(recording: Recording, source: str, types: Collection[str]) -> str:
    counts = {
        topic: info.count
        for topic, info in recording.topics.items()
        if info.type in types and info.count
    }
    if not counts:
        raise BagError(
            f"{recording.path}: no topic for '{source}' with type {' or '.join(types)}; "
            f"{_listing(recording)}"
        )
    return min(counts, key=lambda topic: (-counts[topic], topic))


def _listing(recording: Recording) -> str:
    return "it has " + ", ".join(
        f"{topic} ({info.type}, {info.count} messages)"
        for topic, info in sorted(recording.topics.items())
    )
