"""NAME=VALUE arguments."""

from __future__ import annotations

import pytest

from neuromorphic_ros.cli.assignments import ArgumentError, assignments


def test_values_are_numbers_texts_and_truths() -> None:
    texts = ["a.b=1.5", "c:=true", "topic=/scan", "empty="]
    assert assignments(texts) == {"a.b": 1.5, "c": True, "topic": "/scan", "empty": None}


@pytest.mark.parametrize("text", ["", "name", "=1", ":=1", "a=[1"])
def test_what_is_not_an_assignment_is_refused(text: str) -> None:
    with pytest.raises(ArgumentError):
        assignments([text])
