"""What counts as a step of a tutorial, and as its answer."""

from __future__ import annotations

import pytest

from .page import Command, File, Interrupt, answers, steps


def test_commands_have_their_answers() -> None:
    page = "```console\n$ one \\\n    --more\nprinted\n\nlater\n$ two\n```\n"
    typed = [Command("one \\\n    --more", "", "printed\n\nlater"), Command("two", "", "")]
    assert list(steps(f"Text.\n\n{page}")) == typed


def test_another_terminal_runs_until_it_is_interrupted() -> None:
    begun = "```console\n# terminal robot\n$ run\n```\n"
    ended = "```console\n# terminal robot\n^C\n```\n"
    page = f"A\n\n{begun}\nB\n\n{ended}"
    assert list(steps(page)) == [Command("run", "robot", ""), Interrupt("robot")]


def test_files_are_those_that_the_text_names() -> None:
    page = "In `a/net.yaml`:\n\n```yaml\nname: x\n```\n\nOr:\n\n```yaml\nname: y\n```\n"
    assert list(steps(page)) == [File("a/net.yaml", "name: x\n")]


@pytest.mark.parametrize("block", ["```sh\nls\n```\n", "```console\nls\n```\n"])
def test_what_nobody_would_run_is_refused(block: str) -> None:
    with pytest.raises(ValueError, match="ls"):
        list(steps(f"Text.\n\n{block}"))


@pytest.mark.parametrize(
    ("told", "printed", "same"),
    [
        ("a\nb", "a\nb\n", True),
        ("a\nb", "a\nc\n", False),
        ("a", "a\nb\n", False),
        ("a\n...\nd", "a\nb\nc\nd\n", True),
        ("...\nd", "d\n", True),
        ("a\n...", "b\n", False),
        ("took ... ms", "took 3.1 ms\n", True),
        ("took ... ms", "took\nms\n", False),
        ("1.5 (x)", "125 (x)\n", False),
    ],
)
def test_an_answer_is_what_is_told_but_for_the_dots(told: str, printed: str, same: bool) -> None:
    assert answers(told, printed) is same
