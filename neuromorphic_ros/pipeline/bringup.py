"""Which nodes run a network, with which parameters: decided before any of them is started."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from neuromorphic_ros.backends.registry import compiler
from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.topics import find_topics
from neuromorphic_ros.errors import NeuromorphicError
from neuromorphic_ros.pipeline.core import CoreParameters
from neuromorphic_ros.pipeline.networks import find_hardware, find_network
from neuromorphic_ros.pipeline.online_learning import LearningParameters
from neuromorphic_ros.pipeline.power_situation import FreshnessParameters
from neuromorphic_ros.pipeline.profile import Profile, load_profile, options_of
from neuromorphic_ros.pipeline.readouts import (
    DETECTORS,
    alert_readout,
    contact_readout,
    detection_readout,
    joint_readout,
    motor_readout,
)
from neuromorphic_ros.pipeline.sample_rate import SampleRates
from neuromorphic_ros.pipeline.sensing import (
    ENVIRONMENT,
    MESSAGE_TYPES,
    STREAMS,
    TRANSPORTS,
    transport_of,
)
from neuromorphic_ros.pipeline.sensor_input import SensorInput, sensors_of
from neuromorphic_ros.pipeline.tuning import ParameterError, Tunable, Tunables, tune
from neuromorphic_ros.power.governor import GovernorParameters
from neuromorphic_ros.power.sleep import SleepParameters
from neuromorphic_ros.snn.spec import NetworkSpec

ENCODERS = {
    "camera": "dvs_encoder",
    "imu": "imu_encoder",
    "scan": "scan_encoder",
    "joints": "joint_encoder",
    "odom": "goal_encoder",
    **dict.fromkeys(ENVIRONMENT, "environment_encoder"),
}
DECODERS = {
    "differential_drive": "motor_decoder",
    **dict.fromkeys(DETECTORS, "detection_decoder"),
    "joint_positions": "joint_decoder",
    "alert": "alert_decoder",
    "time_to_contact": "contact_decoder",
}
# Beside every network: what it uses and what it may use.
WATCHING = ("energy_monitor", "power_manager")
# Nodes that have nothing to do with the topics of sensors, or play them by their own names; the
# temperature that the power manager listens to is that of the board.
DEAF = ("bag_player", *WATCHING)

MIN_RATE, MAX_RATE = 0.001, 1000.0


class BringupError(NeuromorphicError, ValueError):
    """A request that no set of nodes can serve."""


class Playback(NamedTuple):
    """A recording in place of sensors; rate: in times real time."""

    bag: Path
    rate: float = 1.0
    loop: bool = False


class Request(NamedTuple):
    """What to start.

    network: name or path; empty: that of the profile.
    params_files: on top of the profile. parameters: by node, stronger than all files.
    topics: of sensors whose messages come on others than those of STREAMS; those of a playback
    that are not given are found by their type. transports: of sensors that do not come by the
    first one of STREAMS; those of a playback that are not given are found.
    """

    profile: str = "jetson"
    network: str = ""
    namespace: str = ""
    composed: bool = True
    use_sim_time: bool = False
    params_files: tuple[str, ...] = ()
    parameters: Mapping[str, Mapping[str, Any]] = {}
    topics: Mapping[str, str] = {}
    transports: Mapping[str, str] = {}
    playback: Playback | None = None
    simulation: bool = False


class NodePlan(NamedTuple):
    """A node to start, named as its executable.

    parameters: stronger than the files. remappings: pairs of topics.
    """

    name: str
    namespace: str
    files: tuple[Path, ...]
    parameters: Mapping[str, Any]
    remappings: tuple[tuple[str, str], ...] = ()

    @property
    def full_name(self) -> str:
        """Name with namespace."""
        return f"{self.namespace}/{self.name}"


def executables(spec: NetworkSpec, composed: bool) -> tuple[str, ...]:
    """Return the executables that run a network: one for all, or one per encoder and decoder."""
    if composed:
        return ("pipeline", *WATCHING)
    encoding = {source.sensor for source in spec.inputs}
    decoding = {readout.decoder for readout in spec.readouts}
    return (
        *dict.fromkeys(node for sensor, node in ENCODERS.items() if sensor in encoding),
        "spiking_core",
        *(node for decoder, node in DECODERS.items() if decoder in decoding),
        *WATCHING,
    )


def parameter_sets(spec: NetworkSpec) -> dict[str, dict[str, Tunable]]:
    """Return the parameter sets of every node that can take part in running a network.

    Raises NetworkError if the network asks for an encoder or decoder that does not fit.
    """
    sets: dict[str, dict[str, Tunable]] = {node: {} for node in ENCODERS.values()}
    for source in spec.inputs:
        tunable = SensorInput(source, spec.seed).tunable
        sets[ENCODERS[str(source.sensor)]][source.name] = tunable
    quality = Tunable(SimpleNamespace(rates=SampleRates()), "rates")
    if any(source.sensor == "camera" for source in spec.inputs):
        sets["dvs_encoder"]["quality"] = quality
    sets["spiking_core"] = {
        "core": Tunable(SimpleNamespace(parameters=CoreParameters()), "parameters"),
        "sleep": Tunable(SimpleNamespace(parameters=SleepParameters()), "parameters"),
    }
    if spec.learns:
        learning = Tunable(SimpleNamespace(parameters=LearningParameters()), "parameters")
        sets["spiking_core"]["learning"] = learning
    for node, readout in (
        ("motor_decoder", motor_readout(spec)),
        ("detection_decoder", detection_readout(spec)),
        ("joint_decoder", joint_readout(spec)),
        ("alert_decoder", alert_readout(spec)),
        ("contact_decoder", contact_readout(spec)),
    ):
        sets[node] = readout.tunables if readout else {}
    sets["pipeline"] = {name: item for node in list(sets.values()) for name, item in node.items()}
    sets["pipeline"]["quality"] = quality
    sets["power_manager"] = {
        "governor": Tunable(SimpleNamespace(parameters=GovernorParameters()), "parameters"),
        "freshness": Tunable(SimpleNamespace(parameters=FreshnessParameters()), "parameters"),
    }
    return sets


def plan(request: Request) -> tuple[NodePlan, ...]:
    """Return the nodes to start, those that produce data first.

    Raises NeuromorphicError with one line if the request, the profile, the network, a parameter or
    the recording is wrong, or if the backend or its engine is unknown.
    """
    namespace = checked_namespace(request.namespace)
    profile = load_profile(request.profile, request.params_files, namespace)
    profile = profile.overridden(request.parameters)
    core = profile.of("pipeline" if request.composed else "spiking_core")
    network = request.network or str(core.get("network", ""))
    spec = find_network(network, str(core.get("variant", "")))
    compiler(str(core.get("backend", "jetson")), options_of(core))
    find_hardware(profile.hardware)
    find_hardware(profile.baseline)

    sets = parameter_sets(spec)
    sensors = sensors_of(spec)
    sensing = _sensing(request, sensors)
    sources = _sources(request, sensing, profile, sensors)
    names = (*sources, *executables(spec, request.composed))
    if unknown := sorted(request.parameters.keys() - set(names)):
        raise BringupError(f"node '{unknown[0]}' is not started; there are {', '.join(names)}")

    sim_time = {"use_sim_time": True} if request.use_sim_time or sources else {}
    parameters = sources | {
        name: sim_time | _for_network(name, network, sensing)
        for name in executables(spec, request.composed)
    }
    for name in names:
        given = request.parameters.get(name, {})
        parameters[name] |= _given(name, given, profile, sets.get(name, {}))
        if parameters[name].get("network", network) != network:
            raise BringupError(
                f"node '{name}' is given network '{parameters[name]['network']}', others "
                f"'{network}'; choose one with --network"
            )
    return tuple(
        NodePlan(
            name,
            namespace,
            profile.files,
            parameters[name],
            () if name in DEAF else sensing.remappings,
        )
        for name in names
    )


def _for_network(node: str, network: str, sensing: _Sensing) -> dict[str, Any]:
    """Return what a node must know of the network and its sensors."""
    if node in WATCHING:
        return {}
    transports = {
        TRANSPORTS[sensor]: transport
        for sensor, transport in sensing.transports.items()
        if node in ("pipeline", ENCODERS[sensor])
    }
    return {"network": network, **transports}


class _Sensing(NamedTuple):
    """Topics and remappings; transports: by sensor, where they are not the default."""

    topics: Mapping[str, str]
    remappings: tuple[tuple[str, str], ...]
    transports: Mapping[str, str]


def _sensing(request: Request, sensors: Collection[str]) -> _Sensing:
    """Find out where the messages of the sensors come from."""
    for sensor, transport in request.transports.items():
        if transport not in STREAMS[sensor]:
            raise BringupError(
                f"{TRANSPORTS[sensor]} is '{transport}'; choose one of {', '.join(STREAMS[sensor])}"
            )
    if request.playback is None:
        pairs = [pair for item in request.topics.items() for pair in _remappings(*item)]
        return _Sensing(request.topics, tuple(pairs), request.transports)
    wanted = {sensor: MESSAGE_TYPES[sensor] for sensor in sensors} | {
        sensor: (STREAMS[sensor][transport].type,)
        for sensor, transport in request.transports.items()
        if sensor in sensors
    }
    chosen = {sensor: topic for sensor, topic in request.topics.items() if sensor in sensors}
    with open_recording(request.playback.bag) as recording:
        topics = find_topics(recording, wanted, chosen)
        transports = {
            sensor: transport_of(sensor, recording.topics[topic].type)
            for sensor, topic in topics.items()
        }
    pairs = [(STREAMS[sensor][transports[sensor]].topic, topics[sensor]) for sensor in topics]
    others = {
        sensor: transport
        for sensor, transport in transports.items()
        if transport != next(iter(STREAMS[sensor]))
    }
    return _Sensing(topics, tuple(pair for pair in pairs if pair[0] != pair[1]), others)


def _remappings(sensor: str, topic: str) -> Iterator[tuple[str, str]]:
    """Yield how the topics of a sensor are remapped, whichever transport is chosen."""
    streams = STREAMS[sensor].values()
    base = next(iter(streams)).topic + "/"
    for stream in streams:
        # ROS does not remap a topic below with the one above.
        below = "/" + stream.topic.removeprefix(base) if stream.topic.startswith(base) else ""
        if stream.topic != topic + below:
            yield stream.topic, topic + below


def _sources(
    request: Request, sensing: _Sensing, profile: Profile, sensors: Collection[str]
) -> dict[str, dict[str, Any]]:
    """Return the nodes that stand in for sensors, with their parameters."""
    if request.playback and request.simulation:
        raise BringupError("a recording cannot be played into a simulation; choose one")
    if request.playback:
        bag, rate, loop = request.playback
        if not MIN_RATE <= rate <= MAX_RATE:
            raise BringupError(f"rate is {rate}; choose {MIN_RATE} to {MAX_RATE:g} times real time")
        return {
            "bag_player": {
                "path": str(bag.resolve()),
                "rate": rate,
                "loop": loop,
                "exit_at_end": True,
                "wait_for": sorted(sensing.topics.values()),
            }
        }
    if request.simulation:
        # Rendering needs OpenGL, which not every machine has.
        camera = profile.of("simulator").get("camera", "camera" in sensors)
        return {"simulator": {"camera": camera}}
    return {}


def _given(
    node: str, given: Mapping[str, Any], profile: Profile, tunables: Tunables
) -> dict[str, Any]:
    """Return what is given for a node in the types that it declares.

    Raises ParameterError if a value in the files or given is refused, or if a given one belongs to
    a parameter set that the node does not have.
    """
    try:
        tune(tunables, profile.tuned(tunables, node))
    except ParameterError as refused:
        raise ParameterError(f"{node}: {refused}") from None
    typed = {}
    for name, value in given.items():
        prefix, _, field = name.partition(".")
        if field and prefix in tunables:
            # ROS takes no integer for a floating point parameter.
            typed[name] = getattr(tunables[prefix].parameters, field)
        elif field and tunables and prefix != "qos_overrides":
            known = (f"{key}.{item.name}" for key in tunables for item in tunables[key].fields)
            raise ParameterError(
                f"{node}: parameter '{name}' is unknown; there are {', '.join(known)}"
            )
        else:
            typed[name] = value
    return typed


def checked_namespace(name: str) -> str:
    """Return a namespace as ROS writes it, the root as nothing; raises BringupError if wrong."""
    stripped = name.strip("/")
    if stripped and not re.fullmatch(r"[A-Za-z_]\w*(/[A-Za-z_]\w*)*", stripped, re.ASCII):
        raise BringupError(f"namespace '{name}' is not made of letters, digits and _, joined by /")
    return f"/{stripped}" if stripped else ""
