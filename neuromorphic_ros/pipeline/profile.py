"""Launch profiles: which hardware, which network, which parameters, as ROS parameter files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from neuromorphic_ros.backends.options import Options
from neuromorphic_ros.errors import NeuromorphicError
from neuromorphic_ros.parameters import fields_of, read_mapping
from neuromorphic_ros.pipeline.tuning import Tunables
from neuromorphic_ros.resources import share_directory

PARAMETERS = "ros__parameters"


class ProfileError(NeuromorphicError, ValueError):
    """A profile that does not exist or cannot be read."""


class Profile(NamedTuple):
    """Parameter files as ROS reads them.

    sections: by pattern of the full names of nodes, weakest first; nested names joined by dots.
    """

    files: tuple[Path, ...]
    sections: Mapping[str, Mapping[str, Any]]
    namespace: str = ""

    @property
    def network(self) -> str:
        """Name or path of the network of the pipeline; empty: not said."""
        return str(self.of("pipeline").get("network", ""))

    @property
    def variant(self) -> str:
        """Name of the variant of the network; empty: the network itself."""
        return str(self.of("pipeline").get("variant", ""))

    @property
    def backend(self) -> str:
        """Name of the backend of the pipeline."""
        return str(self.of("pipeline").get("backend", "jetson"))

    @property
    def options(self) -> dict[str, Any]:
        """Options of the backend, by name."""
        return options_of(self.of("pipeline"))

    @property
    def hardware(self) -> str:
        """Name of the hardware model that prices the counts."""
        return str(self.of("energy_monitor").get("hardware", "loihi2"))

    @property
    def baseline(self) -> str:
        """Name of the hardware model that prices the dense network."""
        return str(self.of("energy_monitor").get("baseline", "horowitz_45nm_fp32"))

    def of(self, node: str) -> dict[str, Any]:
        """Return the parameters that ROS would give to a node in the namespace."""
        full_name = f"{self.namespace}/{node}"
        parameters: dict[str, Any] = {}
        for pattern, values in self.sections.items():
            if _matches(pattern, full_name):
                parameters |= values
        return parameters

    def tuned(self, tunables: Tunables, node: str = "pipeline") -> dict[str, Any]:
        """Return the parameters `set.field` of a node that has these parameter sets.

        Other sets belong to other nodes or networks: files may hold them for whoever has them.
        """
        return {
            name: value
            for name, value in self.of(node).items()
            if "." in name and name.partition(".")[0] in tunables
        }

    def overridden(self, parameters: Mapping[str, Mapping[str, Any]]) -> Profile:
        """Return this profile with parameters by node that are stronger than all files."""
        sections = dict(self.sections)
        for node, values in parameters.items():
            full_name = f"{self.namespace}/{node}"
            # Put last: what ROS reads last wins.
            sections[full_name] = {**sections.pop(full_name, {}), **values}
        return self._replace(sections=sections)


def options_of(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a backend among the parameters of a node."""
    names = [field.name for field in fields_of(Options)]
    return {name: parameters[name] for name in names if name in parameters}


def profile_names() -> list[str]:
    """List the shipped profiles."""
    return _names("profile")


def load_profile(name: str, more: Iterable[str] = (), namespace: str = "") -> Profile:
    """Load a shipped profile by name, or a parameter file by path, and `more` files on top.

    more: paths, or names of shipped presets.
    namespace: of the nodes, "" or "/name". As in ROS, a value in a later file replaces the one in
    the same section of an earlier file, and a section that comes first in either is the weaker.
    Raises ProfileError that lists the shipped ones or names what is wrong in a file.
    """
    files = (_file("profile", name), *(_file("preset", each) for each in more))
    sections: dict[str, dict[str, Any]] = {}
    for file in files:
        where = f"profile {file}"
        content = read_mapping(file, where, ProfileError)
        _refuse_aliases(file, where)
        for pattern, values in _sections(content, "", where):
            sections.setdefault(pattern, {}).update(values)
    return Profile(files, sections, namespace)


def _refuse_aliases(file: Path, where: str) -> None:
    """Raise ProfileError for what YAML knows and ROS does not."""
    for event in yaml.parse(file.read_text(encoding="utf-8")):
        if isinstance(event, yaml.AliasEvent):
            raise ProfileError(
                f"{where}: ROS reads no aliases (*{event.anchor}) in parameter files; repeat the "
                "values"
            )


def preset_names() -> list[str]:
    """List the shipped presets: parameter files to put on top of any profile."""
    return _names("preset")


def _file(kind: str, name: str) -> Path:
    path = Path(name) if name.endswith((".yaml", ".yml")) else _folder(kind) / f"{name}.yaml"
    if not path.is_file():
        raise ProfileError(
            f"{kind} '{name}' is neither a .yaml file nor shipped; "
            f"shipped are {', '.join(_names(kind))}"
        )
    return path


def _folder(kind: str) -> Path:
    return share_directory() / "config" / f"{kind}s"


def _names(kind: str) -> list[str]:
    return sorted(file.stem for file in _folder(kind).glob("*.yaml"))


def _sections(
    content: Mapping[str, Any], prefix: str, where: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, value in content.items():
        pattern = f"{prefix}/{str(key).strip('/')}"
        inner = dict(value) if isinstance(value, dict) else {}
        parameters = inner.pop(PARAMETERS, {} if inner else None)
        if not isinstance(parameters, dict):
            raise ProfileError(f"{where}: '{pattern}' must hold {PARAMETERS}")
        yield pattern, _flat(parameters)
        yield from _sections(inner, pattern, where)


def _matches(pattern: str, full_name: str) -> bool:
    """Tell whether ROS would match: `/**` stands for any namespaces or nodes, `/*` for one."""
    expression = re.escape(pattern).replace(r"/\*\*", r"(/\w+)*").replace(r"/\*", r"/\w+")
    return re.fullmatch(expression, full_name) is not None


def _flat(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
