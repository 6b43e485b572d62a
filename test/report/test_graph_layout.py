"""Boxes and arrows in layers: nothing covers anything, and few arrows cross."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.report.graph_layout import Arrow, Layout, Place, Size, lay_out, layers

BOX, LABEL = Size(1.0, 0.5), Size(0.8, 0.3)
ROUNDING = 1e-6


def placed(ends: list[str], names: str = "abcdef", last: str = "") -> Layout:
    """Lay out boxes of one size; ends: `ab` is an arrow from a to b."""
    return lay_out(dict.fromkeys(names, BOX), arrows(ends), last)


def arrows(ends: Iterable[Sequence[str]]) -> list[Arrow]:
    """Return arrows, those against the alphabet as feedback."""
    return [Arrow(pre, post, LABEL, feedback=pre > post) for pre, post in ends]


def overlap(one: Place, other: Place) -> bool:
    return (
        abs(one.x - other.x) < (one.width + other.width) / 2 - ROUNDING
        and abs(one.y - other.y) < (one.height + other.height) / 2 - ROUNDING
    )


graphs = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")).filter(lambda e: e[0] != e[1]),
    unique=True,
    max_size=14,
)


@settings(deadline=None, max_examples=60)
@given(ends=graphs, above=st.lists(st.sampled_from([0.0, 0.6]), min_size=6, max_size=6))
def test_no_box_or_label_covers_another_and_all_are_inside(
    ends: list[tuple[str, str]], above: list[float]
) -> None:
    sizes = {name: BOX._replace(above=room) for name, room in zip("abcdef", above, strict=True)}
    layout = lay_out(sizes, arrows(ends))
    with_room = [
        place._replace(y=place.y + sizes[name].above / 2, height=place.height + sizes[name].above)
        for name, place in layout.boxes.items()
    ]
    everything = [*with_room, *layout.labels]
    assert not any(overlap(*pair) for pair in combinations(everything, 2))
    for place in everything:
        assert place.x - place.width / 2 >= -ROUNDING
        assert place.x + place.width / 2 <= layout.width + ROUNDING
        assert place.y - place.height / 2 >= -ROUNDING
        assert place.y + place.height / 2 <= layout.height + ROUNDING


@settings(deadline=None, max_examples=60)
@given(ends=graphs)
def test_an_arrow_runs_from_box_to_box_through_its_label(ends: list[tuple[str, str]]) -> None:
    layout = lay_out(dict.fromkeys("abcdef", BOX), arrows(ends))
    for (pre, post), label, way in zip(ends, layout.labels, layout.ways, strict=True):
        left, right = sorted((layout.boxes[pre], layout.boxes[post]))
        (x, y), (end_x, end_y) = way[0][0], way[-1][1]
        assert x == pytest.approx(left.x + left.width / 2)
        assert end_x == pytest.approx(right.x - right.width / 2)
        assert abs(y - left.y) < left.height / 2
        assert abs(end_y - right.y) < right.height / 2
        level = [(one[1], other[0]) for one, other in pairwise(way)]
        assert all(one[1] == other[1] for one, other in level)
        assert any(one[0] <= label.x <= other[0] and one[1] == label.y for one, other in level)


def test_boxes_stand_behind_what_drives_them_and_before_what_feeds_back() -> None:
    ends = ["ab", "bc", "ac", "cb", "ad", "fe"]
    expected = {"a": 0, "b": 1, "c": 2, "d": 2, "e": 0, "f": 1}
    assert layers("abcdef", arrows(ends), "d") == expected
    onwards = [Arrow("f", "e", LABEL)]
    assert layers("ef", onwards, "") == {"e": 1, "f": 0}


def test_arrows_that_need_not_cross_do_not() -> None:
    layout = placed(["ae", "bd", "cf"])
    order = [sorted(side, key=lambda name: layout.boxes[name].y) for side in ("abc", "edf")]
    assert [dict(zip("abc", "edf", strict=True))[name] for name in order[0]] == order[1]


def test_a_chain_and_a_long_arrow_are_level() -> None:
    layout = placed(["ab", "bc", "cd"], "abcd")
    assert len({round(place.y, 6) for place in layout.boxes.values()}) == 1
    passing = placed(["ab", "bc", "cd", "ad"], "abcd")
    assert len({round(point[1], 6) for bend in passing.ways[3][1:-1] for point in bend}) == 1


def test_parts_that_are_not_connected_stay_close() -> None:
    layout = placed(["ab", "cd", "ef"])
    assert layout.height < 6 * (BOX.height + 0.2)


def test_a_single_box_is_laid_out() -> None:
    layout = placed([], "a")
    assert (layout.width, layout.height) == (BOX.width, BOX.height)
    assert layout.boxes["a"] == Place(0.5, 0.25, 1.0, 0.5)


def test_what_cannot_be_read_is_refused() -> None:
    names = [f"n{index}" for index in range(60)]
    between = [Arrow(pre, post, LABEL) for pre, post in combinations(names, 2)]
    with pytest.raises(NetworkError, match="60 boxes and 1770 arrows could not be read"):
        lay_out(dict.fromkeys(names, BOX), between)
