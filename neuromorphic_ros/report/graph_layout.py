"""Place the boxes and arrows of a directed graph in layers from left to right.

The method of Sugiyama, Tagawa & Toda (IEEE Transactions on Systems, Man, and Cybernetics 11, 109,
1981): a layer for each box, a place in every layer that an arrow crosses, an order by barycenters
that lets few arrows cross, then heights. Labels have layers of their own, so that they cover
neither boxes nor each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

from neuromorphic_ros.errors import NetworkError

SWEEPS = 24
# Beyond this a figure cannot be read.
MOST_PLACES = 2000
ROW_GAP = 0.16
LAYER_GAP = 0.22

# How much more an arrow holds to its own line than to the boxes at its ends.
STRAIGHT = 8.0
# What a lower figure is worth, so little that arrows stay level.
COMPACT = 0.01
# Share of a side of a box that arrows may end at.
PORTS = 0.6

Point = tuple[float, float]


class Size(NamedTuple):
    """Room that a box or label takes; above: on top of its height."""

    width: float
    height: float
    above: float = 0.0


class Arrow(NamedTuple):
    """An arrow to place; label: its size.

    feedback: leads from right to left. Without these, and turned round, there must be no cycle.
    """

    pre: str
    post: str
    label: Size
    feedback: bool = False

    @property
    def ends(self) -> tuple[str, str]:
        """Boxes at the left and at the right."""
        return (self.post, self.pre) if self.feedback else (self.pre, self.post)


class Place(NamedTuple):
    """Middle and size of a box or label, without the room above."""

    x: float
    y: float
    width: float
    height: float


class Layout(NamedTuple):
    """Where everything is from (0, 0) to (width, height), y upwards.

    ways: of each arrow from left to right, the two ends of each of its bends, with straight lines
    between them. labels: of each arrow.
    """

    width: float
    height: float
    boxes: dict[str, Place]
    labels: list[Place]
    ways: list[list[tuple[Point, Point]]]


class _Item(NamedTuple):
    """Something in a layer: a box by name, or an arrow by number."""

    key: str | int
    layer: int


def layers(names: Sequence[str], arrows: Sequence[Arrow], last: Sequence[str]) -> dict[str, int]:
    """Return the layer of each box: right behind all that stand left of it.

    last: boxes that stand behind all others.
    """
    before: dict[str, list[str]] = {name: [] for name in names}
    for arrow in arrows:
        left, right = arrow.ends
        before[right].append(left)
    layer: dict[str, int] = {}
    for name in TopologicalSorter(before).static_order():
        layer[name] = 1 + max((layer[left] for left in before[name]), default=-1)
    behind = max(layer.values(), default=0)
    return {name: behind if name in last else layer[name] for name in names}


def lay_out(sizes: Mapping[str, Size], arrows: Sequence[Arrow], last: Sequence[str] = ()) -> Layout:
    """Place boxes and the arrows between them.

    Raises NetworkError if there are too many to be read.
    """
    layer_of = layers(list(sizes), arrows, last)
    between = [
        range(2 * layer_of[left] + 1, 2 * layer_of[right])
        for left, right in (arrow.ends for arrow in arrows)
    ]
    if len(sizes) + sum(map(len, between)) > MOST_PLACES:
        raise NetworkError(
            f"a figure of {len(sizes)} boxes and {len(arrows)} arrows could not be read"
        )
    columns: list[list[_Item]] = [[] for _ in range(2 * max(layer_of.values(), default=0) + 1)]
    for name, layer in layer_of.items():
        columns[2 * layer].append(_Item(name, 2 * layer))
    ways, labelled = [], []
    for number, (arrow, crossed) in enumerate(zip(arrows, between, strict=True)):
        left, right = arrow.ends
        labelled.append(min(crossed[::2], key=lambda column: len(columns[column])))
        passed = [_Item(number, column) for column in crossed]
        for item in passed:
            columns[item.layer].append(item)
        ways.append([_Item(left, crossed[0] - 1), *passed, _Item(right, crossed[-1] + 1)])
    columns = _ordered(columns, ways)
    size_of = {}
    for column in columns:
        for item in column:
            if isinstance(item.key, str):
                size_of[item] = sizes[item.key]
            else:
                own = labelled[item.key] == item.layer
                size_of[item] = arrows[item.key].label if own else Size(0.0, 0.0)
    heights = _heights(columns, ways, size_of)
    lowest = min(y - size_of[item].height / 2 for item, y in heights.items())
    placed, x = {}, 0.0
    for column in columns:
        # Boxes of a layer are equally wide, and arrows cross a layer before they bend.
        width = max((size_of[item].width for item in column), default=0.0)
        for item in column:
            y, height = heights[item] - lowest, size_of[item].height
            placed[item] = Place(x + width / 2, y, width, height)
        x += width + LAYER_GAP
    return Layout(
        width=x - LAYER_GAP,
        height=max(
            place.y + place.height / 2 + size_of[item].above for item, place in placed.items()
        ),
        boxes={item.key: place for item, place in placed.items() if isinstance(item.key, str)},
        labels=[placed[_Item(number, layer)] for number, layer in enumerate(labelled)],
        ways=_bends(ways, placed),
    )


def _bends(
    ways: Sequence[Sequence[_Item]], placed: Mapping[_Item, Place]
) -> list[list[tuple[Point, Point]]]:
    """Return the bends of each arrow; those of one box end side by side, by where they lead."""
    leaving: dict[_Item, list[tuple[float, int]]] = {}
    arriving: dict[_Item, list[tuple[float, int]]] = {}
    for number, way in enumerate(ways):
        leaving.setdefault(way[0], []).append((placed[way[1]].y, number))
        arriving.setdefault(way[-1], []).append((placed[way[-2]].y, number))
    start, end = _ports(leaving, placed), _ports(arriving, placed)
    bends = []
    for number, way in enumerate(ways):
        ys = [start[number], *(placed[item].y for item in way[1:-1]), end[number]]
        sides = [(placed[item].x, placed[item].width / 2) for item in way]
        bends.append(
            [
                ((left[0] + left[1], y), (right[0] - right[1], next_y))
                for (left, right), (y, next_y) in zip(pairwise(sides), pairwise(ys), strict=True)
            ]
        )
    return bends


def _ports(
    ends: Mapping[_Item, Sequence[tuple[float, int]]], placed: Mapping[_Item, Place]
) -> dict[int, float]:
    """Return y of the end of each arrow."""
    ports = {}
    for box, arrows in ends.items():
        step = placed[box].height * PORTS / len(arrows)
        for index, (_, number) in enumerate(sorted(arrows)):
            ports[number] = placed[box].y + (index - (len(arrows) - 1) / 2) * step
    return ports


def crossings(columns: Sequence[Sequence[_Item]], ways: Sequence[Sequence[_Item]]) -> int:
    """Return how often arrows cross between layers."""
    place = {item: index for column in columns for index, item in enumerate(column)}
    steps: dict[int, list[tuple[int, int]]] = {}
    for way in ways:
        for left, right in pairwise(way):
            steps.setdefault(left.layer, []).append((place[left], place[right]))
    return sum(
        (one[0] - other[0]) * (one[1] - other[1]) < 0
        for between in steps.values()
        for index, one in enumerate(between)
        for other in between[:index]
    )


def _neighbours(ways: Sequence[Sequence[_Item]]) -> dict[_Item, tuple[list[_Item], list[_Item]]]:
    """Return what is left and right of each item."""
    found: dict[_Item, tuple[list[_Item], list[_Item]]] = {}
    for way in ways:
        for left, right in pairwise(way):
            found.setdefault(left, ([], []))[1].append(right)
            found.setdefault(right, ([], []))[0].append(left)
    return found


def _ordered(columns: list[list[_Item]], ways: Sequence[Sequence[_Item]]) -> list[list[_Item]]:
    """Sort each layer by the mean place of its neighbours, from both sides in turn."""
    neighbours = _neighbours(ways)
    best, fewest = columns, crossings(columns, ways)
    for sweep in range(SWEEPS):
        side = sweep % 2
        place = {item: index for column in columns for index, item in enumerate(column)}
        sorted_columns = list(columns)
        for index in range(len(columns)) if side == 0 else reversed(range(len(columns))):

            def barycenter(item: _Item) -> float:
                beside = neighbours.get(item, ([], []))[side]  # noqa: B023
                return sum(place[each] for each in beside) / len(beside) if beside else place[item]  # noqa: B023

            sorted_columns[index] = sorted(columns[index], key=barycenter)
            place |= {item: index for index, item in enumerate(sorted_columns[index])}
        columns = sorted_columns
        found = crossings(columns, ways)
        if found < fewest:
            best, fewest = columns, found
    return best


def _heights(
    columns: Sequence[Sequence[_Item]],
    ways: Sequence[Sequence[_Item]],
    size_of: Mapping[_Item, Size],
) -> dict[_Item, float]:
    """Return y of each item: arrows as level as the order and the sizes allow.

    A linear program, as in Gansner, Koutsofios, North & Vo (IEEE Transactions on Software
    Engineering 19, 214, 1993): the least sum of rises, and then the least height of all.
    """
    items = [item for column in columns for item in column]
    row = {item: index for index, item in enumerate(items)}
    steps = [step for way in ways for step in pairwise(way)]
    # Unknowns: y of each item, the rise of each step, and top and bottom of all.
    top, bottom = len(items) + len(steps), len(items) + len(steps) + 1
    cost = np.zeros(bottom + 1)
    cost[top], cost[bottom] = COMPACT, -COMPACT
    rules: list[tuple[dict[int, float], float]] = []
    for index, (left, right) in enumerate(steps, len(items)):
        cost[index] = STRAIGHT if left.key == right.key else 1.0
        for sign in (1.0, -1.0):
            rules.append(({row[left]: sign, row[right]: -sign, index: -1.0}, 0.0))
    for column in columns:
        for upper, lower in pairwise(column):
            own, below = size_of[upper], size_of[lower]
            apart = (own.height + below.height) / 2 + below.above + ROW_GAP
            rules.append(({row[lower]: 1.0, row[upper]: -1.0}, -apart))
        for item in (*column[:1], *column[-1:]):
            rules.append(({row[item]: 1.0, top: -1.0}, 0.0))
            rules.append(({row[item]: -1.0, bottom: 1.0}, 0.0))
    entries = [
        (rule, place, by) for rule, (left, _) in enumerate(rules) for place, by in left.items()
    ]
    rows, places, factors = zip(*entries, strict=True)
    matrix: Any = csr_array((factors, (rows, places)), shape=(len(rules), cost.size))
    solved: Any = linprog(cost, matrix, [limit for _, limit in rules], bounds=(None, None))
    return {item: float(y) for item, y in zip(items, solved.x, strict=False)}
