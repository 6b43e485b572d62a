"""Network files: YAML, with others of the same folder, YAML or NIR, included."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from pydantic.dataclasses import dataclass

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import STRICT, build, read_mapping
from neuromorphic_ros.snn.graph.graph_files import read_graph
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.variant import vary

PARTS = ("inputs", "populations", "projections", "readouts")


@dataclass(frozen=True, config=STRICT)
class NirInclude:
    """A NIR file to include.

    preset: the framework that wrote it. set: fields of the conventions that it does not say.
    """

    nir: str
    preset: str | None = None
    set: dict[str, Any] = dataclasses.field(default_factory=dict)


def load_network(path: Path) -> NetworkSpec:
    """Read a network file, by its ending YAML or NIR.

    `include` merges other files of the same folder: names of YAML files, or mappings of
    `NirInclude`, of which inputs are replaced by inputs or graphs of the same name in the file.
    The `graph` of a population names files of the same folder too, as `graph_files` has it.
    Raises NetworkError naming the file and what is wrong in it.
    """
    if path.suffix == ".nir":
        return _read_nir(path, NirInclude(path.name))
    spec = build(NetworkSpec, _read(path, ()), f"network file {path}", NetworkError)
    try:
        spec.execution_order()
        for name in spec.variants:
            vary(spec, name).execution_order()
    except NetworkError as wrong:
        raise NetworkError(f"network file {path}: {wrong}") from None
    return spec


def _read(path: Path, including: tuple[Path, ...]) -> dict[str, Any]:
    if path in including:
        raise NetworkError(f"network file {path} includes itself")
    content = read_mapping(path, f"network file {path}", NetworkError)
    graphs = [item for item in _items(content, "populations", path) if _has_graph(item)]
    for item in graphs:
        where = f"network file {path}: graph of {_name_of(item)}"
        item["graph"] = read_graph(item["graph"], where, partial(_sibling, path, "graph"))
    includes = content.pop("include", [])
    if not isinstance(includes, list) or not all(
        isinstance(item, (str, dict)) for item in includes
    ):
        raise NetworkError(f"network file {path}: include must be a list of names or of nir files")
    for item in includes:
        if isinstance(item, str):
            included = _read(_sibling(path, "include", item, ".yaml"), (*including, path))
        else:
            chosen = build(NirInclude, item, f"network file {path}: include", NetworkError)
            try:
                spec = _read_nir(_sibling(path, "include", chosen.nir), chosen)
            except NetworkError as wrong:
                raise NetworkError(f"network file {path}: include: {wrong}") from None
            included = {"dt_ms": spec.dt_ms} | {part: [*getattr(spec, part)] for part in PARTS}
            own = {_name_of(item) for item in (*_items(content, "inputs", path), *graphs)}
            included["inputs"] = [source for source in spec.inputs if source.name not in own]
            item = chosen.nir
        _merge(content, included, path, item)
    return content


def _read_nir(path: Path, chosen: NirInclude) -> NetworkSpec:
    # HDF5 takes a while to import.
    from neuromorphic_ros.snn.nir.reading import read_nir

    return read_nir(path, chosen.preset, chosen.set).spec


def _sibling(path: Path, part: str, name: str, suffix: str = "") -> Path:
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise NetworkError(f"network file {path}: {part} '{name}' is not a name in its folder")
    return path.with_name(name + suffix)


def _has_graph(item: Any) -> bool:
    return isinstance(item, dict) and item.get("graph") is not None


def _name_of(item: Any) -> Any:
    return item.get("name") if isinstance(item, dict) else None


def _merge(content: dict[str, Any], included: Mapping[str, Any], path: Path, name: str) -> None:
    unknown = included.keys() - {field.name for field in dataclasses.fields(NetworkSpec)}
    if unknown:
        raise NetworkError(
            f"network file {path}: included '{name}': {min(unknown)} is not a known field"
        )
    if included.get("dt_ms") != content.setdefault("dt_ms", included.get("dt_ms")):
        raise NetworkError(f"network file {path}: dt_ms differs from that of included '{name}'")
    for part in PARTS:
        merged = [*_items(included, part, path), *_items(content, part, path)]
        if merged:
            content[part] = merged


def _items(content: Mapping[str, Any], part: str, path: Path) -> Iterable[Any]:
    items = content.get(part) or []
    if not isinstance(items, list):
        raise NetworkError(f"network file {path}: {part} must be a list")
    return items
