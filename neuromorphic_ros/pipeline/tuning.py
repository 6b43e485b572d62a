"""Parameters that can be changed while a pipeline runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from neuromorphic_ros.errors import NeuromorphicError
from neuromorphic_ros.parameters import ParameterField, fields_of, replace


class ParameterError(NeuromorphicError, ValueError):
    """A parameter that does not exist or a value that it cannot take."""


class Tunable(NamedTuple):
    """A parameter set that an object holds in an attribute, applied when it is assigned."""

    owner: object
    attribute: str

    @property
    def parameters(self) -> Any:
        """The present parameter set."""
        return getattr(self.owner, self.attribute)

    @property
    def fields(self) -> list[ParameterField]:
        """The fields with their present values as defaults."""
        present = self.parameters
        return [
            field._replace(default=getattr(present, field.name))
            for field in fields_of(type(present))
            if isinstance(getattr(present, field.name), bool | int | float | str)
        ]

    def changed(self, changes: Mapping[str, object], where: str) -> Any:
        """Return the parameter set, called `where` in messages, with some fields changed.

        Raises ParameterError if a change is refused.
        """
        return replace(self.parameters, changes, where, ParameterError)

    def apply(self, parameters: Any) -> None:
        """Put a parameter set into force."""
        setattr(self.owner, self.attribute, parameters)


Tunables = Mapping[str, Tunable]


def tune(tunables: Tunables, changes: Mapping[str, object]) -> None:
    """Change parameters named `set.field`; either all of them or, if one is refused, none.

    Raises ParameterError naming the parameter, the value and the reason.
    """
    grouped: dict[str, dict[str, object]] = {}
    for name, value in changes.items():
        prefix, _, field = name.partition(".")
        if prefix not in tunables or field not in {f.name for f in tunables[prefix].fields}:
            known = [f"{prefix}.{f.name}" for prefix in tunables for f in tunables[prefix].fields]
            raise ParameterError(f"parameter '{name}' is unknown; there are {', '.join(known)}")
        grouped.setdefault(prefix, {})[field] = value
    changed = {
        prefix: tunables[prefix].changed(values, f"parameter set '{prefix}'")
        for prefix, values in grouped.items()
    }
    before = {prefix: tunables[prefix].parameters for prefix in changed}
    for prefix, parameters in changed.items():
        try:
            tunables[prefix].apply(parameters)
        except NeuromorphicError as refused:
            # An owner may know what the set alone does not: that a shape is fixed by now.
            for applied, previous in before.items():
                tunables[applied].apply(previous)
            raise ParameterError(f"parameter set '{prefix}': {refused}") from None
