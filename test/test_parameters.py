"""Parameter sets: descriptions for ROS, and errors in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.errors import NetworkError, SensorError
from neuromorphic_ros.parameters import (
    STRICT,
    ParameterField,
    build,
    fields_of,
    read_mapping,
    replace,
)


@dataclass(frozen=True, config=STRICT)
class Lamp:
    """A parameter set."""

    power_w: Annotated[float, Field(ge=0, le=60, description="Power [W]")] = 40.0
    color: Annotated[str, Field(description="Color")] = "white"
    blinks: Annotated[int, Field(gt=0, le=9)] = 1

    def __post_init__(self) -> None:
        if self.color == "red" and self.power_w > 10:
            raise NetworkError("a red lamp takes at most 10 W")


@dataclass(frozen=True, config=STRICT)
class Street:
    """A parameter set of others."""

    width_m: Annotated[float, Field(ge=1)]
    lamps: Annotated[tuple[Lamp, ...], Field(min_length=1)]


def test_fields_carry_defaults_limits_and_descriptions() -> None:
    assert fields_of(Lamp) == [
        ParameterField("power_w", 40.0, 0.0, 60.0, "Power [W]"),
        ParameterField("color", "white", None, None, "Color"),
        ParameterField("blinks", 1, None, 9.0, ""),
    ]


def test_build_makes_the_set_from_plain_values() -> None:
    assert build(Lamp, {"power_w": 5, "color": "red"}, "lamp", NetworkError) == Lamp(
        power_w=5.0, color="red"
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"power_w": 61}, "lamp 'x': power_w = 61: Input should be less than or equal to 60"),
        ({"power_w": float("nan")}, "lamp 'x': power_w = nan: Input should be a finite number"),
        ({"size": 3}, "lamp 'x': size is not a known field"),
        ({"power_w": 60, "color": "red"}, "lamp 'x': a red lamp takes at most 10 W"),
    ],
)
def test_a_wrong_value_is_named_in_one_line(values: dict[str, object], message: str) -> None:
    with pytest.raises(NetworkError) as caught:
        build(Lamp, values, "lamp 'x'", NetworkError)
    assert str(caught.value) == message


def test_every_wrong_value_is_named() -> None:
    with pytest.raises(NetworkError, match=r"power_w = -1: .*; blinks = 0: .*; size is not"):
        build(Lamp, {"power_w": -1, "blinks": 0, "size": 1}, "lamp", NetworkError)


def test_an_empty_list_is_named_beside_other_mistakes() -> None:
    with pytest.raises(NetworkError, match=r"width_m = 0: .*; lamps = \[\]: .* at least 1 item"):
        build(Street, {"width_m": 0, "lamps": []}, "street", NetworkError)


def test_a_list_with_a_wrong_item_is_not_called_empty() -> None:
    with pytest.raises(NetworkError) as caught:
        build(Street, {"width_m": 3, "lamps": [{"blinks": 0}]}, "street", NetworkError)
    assert str(caught.value) == "street: lamps.0.blinks = 0: Input should be greater than 0"


def test_the_error_is_of_the_kind_asked_for() -> None:
    with pytest.raises(SensorError):
        build(Lamp, [], "lamp", SensorError)


def test_a_long_value_is_shortened() -> None:
    with pytest.raises(NetworkError) as caught:
        build(Lamp, {"power_w": "x" * 10_000}, "lamp", NetworkError)
    assert len(str(caught.value)) < 200


def test_replace_changes_some_fields_and_checks_again() -> None:
    lamp = Lamp(power_w=5.0)
    assert replace(lamp, {"color": "red"}, "lamp", NetworkError) == Lamp(power_w=5.0, color="red")
    assert lamp.color == "white"
    with pytest.raises(NetworkError, match=r"^lamp: power_w = 99"):
        replace(lamp, {"power_w": 99}, "lamp", NetworkError)
    with pytest.raises(NetworkError, match=r"^lamp: size is not a known field"):
        replace(lamp, {"size": 1}, "lamp", NetworkError)


def test_read_mapping_gives_the_content_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "lamp.yaml"
    path.write_text("power_w: 3\ncolor: red\n")
    assert read_mapping(path, "lamp", NetworkError) == {"power_w": 3, "color": "red"}


@pytest.mark.parametrize("text", ["", "3", "- a", "1: a", "{", "a: !!int ''", "a: 2020-13-45"])
def test_read_mapping_refuses_what_is_no_mapping_of_names(tmp_path: Path, text: str) -> None:
    path = tmp_path / "lamp.yaml"
    path.write_text(text)
    with pytest.raises(SensorError, match=r"^lamp file"):
        read_mapping(path, "lamp file", SensorError)
