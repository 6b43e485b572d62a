"""Launch profiles: which hardware, which network, which parameters, as ROS parameter files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from neuromorphic_ros.errors import NeuromorphicError
from neuromorphic_ros.parameters import read_mapping
from neuromorphic_ros.pipeline.tuning import Tunables
from neuromorphic_ros.resources import share_directory

# Sections of the file that hold for the pipeline, weakest first.
SECTIONS = ("/**", "/**/pipeline", "pipeline", "/pipeline")
# Sets that a network without such a readout does not have; a profile may speak of them all the same.
OPTIONAL_SETS = frozenset({"drive", "limits", "safety", "detection"})


class ProfileError(NeuromorphicError, ValueError):
    """A profile that does not exist or cannot be read."""


class Profile(NamedTuple):
    """A profile as the pipeline sees it; parameters: all of them, nested names joined by dots."""

    path: Path
    network: str
    backend: str
    hardware: str
    baseline: str
    parameters: Mapping[str, Any]

    def tuned(self, tunables: Tunables) -> dict[str, Any]:
        """Return the parameters `set.field` for a pipeline with these parameter sets."""
        return {
            name: value
            for name, value in self.parameters.items()
            if "." in name and not self._is_idle(name.partition(".")[0], tunables)
        }

    @staticmethod
    def _is_idle(prefix: str, tunables: Tunables) -> bool:
        return prefix in OPTIONAL_SETS and prefix not in tunables


def profile_names() -> list[str]:
    """List the shipped profiles."""
    return sorted(file.stem for file in _folder().glob("*.yaml"))


def load_profile(name: str) -> Profile:
    """Load a shipped profile by name, or a parameter file by path.

    Raises ProfileError that lists the shipped ones or names what is wrong in the file.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else _folder() / f"{name}.yaml"
    if not path.is_file():
        raise ProfileError(
            f"profile '{name}' is neither a .yaml file nor shipped; "
            f"shipped are {', '.join(profile_names())}"
        )
    content = read_mapping(path, f"profile {path}", ProfileError)
    parameters: dict[str, Any] = {}
    for section in SECTIONS:
        node = content.get(section)
        if node is None:
            continue
        if not isinstance(node, dict) or not isinstance(node.get("ros__parameters"), dict):
            raise ProfileError(f"profile {path}: '{section}' must hold ros__parameters")
        parameters |= _flat(node["ros__parameters"])
    chosen = {
        key: str(parameters.get(key, default))
        for key, default in (
            ("network", ""),
            ("backend", "jetson"),
            ("hardware", "loihi2"),
            ("baseline", "horowitz_45nm_fp32"),
        )
    }
    return Profile(path, **chosen, parameters=parameters)


def _folder() -> Path:
    return share_directory() / "config" / "profiles"


def _flat(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
