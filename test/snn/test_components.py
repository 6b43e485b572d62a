"""Populations that drive each other."""

from __future__ import annotations

from typing import Any

import pytest

from neuromorphic_ros.snn.components import components
from neuromorphic_ros.snn.spec import NetworkSpec


def network(names: str, *links: tuple[str, str, int]) -> NetworkSpec:
    content: dict[str, Any] = {
        "name": "net",
        "dt_ms": 1.0,
        "inputs": [{"name": "i", "shape": [1]}],
        "populations": [{"name": name, "shape": [1]} for name in names],
        "projections": [
            {"pre": pre, "post": post, "delay_ticks": delay} for pre, post, delay in links
        ],
    }
    return NetworkSpec(**content)


@pytest.mark.parametrize(
    ("links", "groups"),
    [
        ([], [("a",), ("b",), ("c",)]),
        ([("i", "a", 0)], [("a",), ("b",), ("c",)]),
        ([("c", "b", 1), ("b", "a", 1)], [("c",), ("b",), ("a",)]),
        ([("a", "a", 1), ("a", "b", 0)], [("a",), ("c",), ("b",)]),
        ([("a", "b", 0), ("b", "a", 1), ("b", "c", 0)], [("a", "b"), ("c",)]),
        ([("c", "a", 0), ("a", "b", 0), ("b", "c", 1)], [("c", "a", "b")]),
    ],
)
def test_groups_come_after_those_that_drive_them(
    links: list[tuple[str, str, int]], groups: list[tuple[str, ...]]
) -> None:
    assert sorted(components(network("abc", *links))) == sorted(groups)
    found = components(network("abc", *links))
    group = {name: index for index, names in enumerate(found) for name in names}
    assert all(group[pre] <= group[post] for pre, post, _ in links if pre != "i")
