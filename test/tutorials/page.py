"""The steps of a tutorial: what its reader types, what it answers, and the files it has one write.

In a block `console`, a line after `$` is a command, a last backslash continues it, and what follows
is the answer. In it `...` stands for anything: within a line for any characters, alone for any
lines. A first line `# terminal NAME` puts the block into another terminal, where a command runs
until a block of that terminal says `^C`. A block `yaml` or `python` below a line that ends with
`` `NAME`: `` is the content of that file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

BLOCK = re.compile(r"^([^\n]*)\n+```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`([\w./-]+)`:$")
TERMINAL = re.compile(r"# terminal (\w+)")
INTERRUPT = "^C"


class File(NamedTuple):
    """A file to write."""

    name: str
    content: str


class Command(NamedTuple):
    """A command; terminal: where it goes on running, empty: it is waited for.

    answer: what it prints; empty: not told.
    """

    line: str
    terminal: str
    answer: str


class Interrupt(NamedTuple):
    """Ctrl-C in another terminal."""

    terminal: str


Step = File | Command | Interrupt


def steps(page: str) -> Iterator[Step]:
    """Yield what a reader does, in order; raises ValueError with a block that nobody could run."""
    for before, language, block in BLOCK.findall(page):
        if language == "console":
            yield from _typed(block)
        elif named := NAMED.search(before):
            yield File(named[1], block)
        elif language in ("sh", "bash"):
            raise ValueError(f"write commands as `console`, so that they run: {block}")


def _typed(block: str) -> Iterator[Step]:
    terminal = ""
    if begun := TERMINAL.match(block):
        terminal, block = begun[1], block.partition("\n")[2]
    if block.strip() == INTERRUPT:
        yield Interrupt(terminal)
        return
    answers = re.split(r"^\$ ", block, flags=re.MULTILINE)
    if answers[0] or len(answers) < 2:
        raise ValueError(f"begin with `$ `: {block}")
    for typed in answers[1:]:
        lines = re.match(r"(?:[^\n]*\\\n)*[^\n]*", typed)
        assert lines
        line, answer = lines[0], typed[lines.end() :].strip("\n")
        yield Command(line, terminal, answer)


def answers(told: str, printed: str) -> bool:
    """Tell whether a command printed what is told, lines of blanks at either end apart."""
    pattern = ""
    for line in told.splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)*"
        else:
            pattern += r".*".join(map(re.escape, line.rstrip().split("..."))) + r"[ \t]*\n"
    return re.fullmatch(pattern, printed.strip("\n") + "\n") is not None
