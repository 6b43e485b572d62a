"""What there is to know of some hardware, and of a network on it, as YAML."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import yaml

from neuromorphic_ros.backends.base import Backend
from neuromorphic_ros.backends.registry import BACKENDS
from neuromorphic_ros.errors import HardwareModelError
from neuromorphic_ros.parameters import read_mapping
from neuromorphic_ros.pipeline.answering import answering
from neuromorphic_ros.pipeline.hardware_survey import document, survey
from neuromorphic_ros.pipeline.networks import hardware_file
from neuromorphic_ros.snn.spec import NetworkSpec


class Description(NamedTuple):
    """Limits and prices with their sources, and what becomes of a network there, as YAML."""

    text: str


def prepare(hardware: str, spec: NetworkSpec | None) -> Callable[[], Description | str]:
    """Return what describes some hardware, for another thread; it returns why it could not.

    spec: the network to map; none: there is none.
    Raises HardwareModelError that lists the known ones if the hardware is unknown.
    """
    path = hardware_file(hardware)

    def work() -> Description:
        model = read_mapping(path, f"hardware model {path}", HardwareModelError)
        return Description(_described(hardware, model, spec))

    return answering(work)


def _described(hardware: str, model: dict[str, Any], spec: NetworkSpec | None) -> str:
    runs = _backend(hardware)
    told = {"hardware": hardware, **model, "backend": runs.name if runs else None}
    if runs and spec:
        mapped = document(survey(spec, runs._replace(hardware=(hardware,))))
        told["network"] = {"name": spec.name, **mapped}
    return yaml.safe_dump(told, sort_keys=False, allow_unicode=True)


def _backend(hardware: str) -> Backend | None:
    """Return what runs networks on some hardware; none: it is there for its prices alone."""
    return next((each for each in BACKENDS.values() if hardware in each.hardware), None)
