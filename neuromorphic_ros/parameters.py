"""Typed parameters: one definition serves YAML files, ROS parameter descriptors and messages.

A parameter set is a frozen pydantic dataclass configured with `STRICT`; every field is
`Annotated[type, Field(ge=..., le=..., description="... [unit]")]` with a default.
"""

from __future__ import annotations

import dataclasses
import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import annotated_types
import pydantic
import yaml

from neuromorphic_ros.errors import NeuromorphicError

STRICT = pydantic.ConfigDict(extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=True)

T = TypeVar("T")

# PyYAML lets errors of its scalar constructors through: of `!!int ""`, `!!bool x`, `2020-13-45`.
_UNREADABLE = (
    OSError,
    ValueError,
    LookupError,
    AttributeError,
    RecursionError,
    yaml.YAMLError,
)


class ParameterField(NamedTuple):
    """Describe one parameter: what a ROS parameter descriptor needs to know."""

    name: str
    default: Any
    low: float | None
    high: float | None
    description: str


def fields_of(cls: type) -> list[ParameterField]:
    """List the fields of a parameter set with their defaults, inclusive limits and descriptions."""
    info: Mapping[str, pydantic.fields.FieldInfo] = cls.__pydantic_fields__  # type: ignore[attr-defined]
    described = []
    for name, field in info.items():
        low = high = None
        for constraint in field.metadata:
            if isinstance(constraint, annotated_types.Ge):
                low = float(constraint.ge)  # type: ignore[arg-type]
            elif isinstance(constraint, annotated_types.Le):
                high = float(constraint.le)  # type: ignore[arg-type]
        described.append(
            ParameterField(name, field.get_default(), low, high, field.description or "")
        )
    return described


def read_mapping(path: Path, where: str, error: type[NeuromorphicError]) -> dict[str, Any]:
    """Read a YAML file that holds one mapping.

    where: names the file in the message.
    Raises `error` if it cannot be read or holds something else.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except _UNREADABLE as unreadable:
        reason = " ".join(str(unreadable).split()) or type(unreadable).__name__
        raise error(f"{where} cannot be read: {reason}") from None
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise error(f"{where}: expected a mapping of names to values")
    return content


def build(cls: type[T], values: object, where: str, error: type[NeuromorphicError]) -> T:
    """Make a `cls` from untrusted values.

    where: names the object in the message, e.g. "population 'turn'".
    Raises `error` with one line that names each wrong field, its value and the reason.
    """
    try:
        return pydantic.TypeAdapter(cls).validate_python(values)
    except pydantic.ValidationError as invalid:
        raise error(f"{where}: {explain(invalid)}") from None


def replace(
    parameters: T, changes: Mapping[str, object], where: str, error: type[NeuromorphicError]
) -> T:
    """Return `parameters` with some fields changed and validated again.

    Raises `error` as `build` does.
    """
    values = {
        field.name: getattr(parameters, field.name)
        for field in dataclasses.fields(parameters)  # type: ignore[arg-type]
    }
    return build(type(parameters), values | dict(changes), where, error)


def explain(invalid: pydantic.ValidationError) -> str:
    """Render a validation error as one line."""
    reasons = []
    problems = invalid.errors(include_url=False)
    for problem in problems:
        # pydantic takes a list whose items are wrong for one that is too short.
        loc, depth = problem["loc"], len(problem["loc"])
        inside = any(len(each["loc"]) > depth and each["loc"][:depth] == loc for each in problems)
        if problem["type"] == "too_short" and inside:
            continue
        place = ".".join(str(part) for part in loc) or "value"
        if problem["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
            reasons.append(f"{place} is not a known field")
        elif problem["type"] in ("missing", "missing_argument"):
            reasons.append(f"{place} is missing")
        elif problem["type"] == "value_error":
            reasons.append(str(problem["ctx"]["error"]))
        else:
            # YAML aliases can make a value that is small in memory and endless in print.
            value = reprlib.repr(problem["input"])
            shown = value if len(value) <= 60 else value[:57] + "..."
            reasons.append(f"{place} = {shown}: {problem['msg']}")
    return "; ".join(reasons)
