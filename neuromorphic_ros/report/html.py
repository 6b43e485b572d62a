"""A page that needs nothing but itself."""

from __future__ import annotations

import base64
import contextlib
import html
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from neuromorphic_ros.errors import NeuromorphicError

CSS = """\
:root { color-scheme: light; }
body { margin: 0; background: #f5f7fa; color: #1f2933;
  font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 32px 24px 64px; }
header h1 { margin: 0; font-size: 28px; }
header p { margin: 4px 0 20px; color: #52606d; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(132px, 1fr)); gap: 12px; }
.fact { background: #fff; border: 1px solid #e4e7eb; border-radius: 8px; padding: 12px 14px; }
.fact b { display: block; font-size: 20px; font-variant-numeric: tabular-nums; }
.fact span { color: #52606d; font-size: 13px; overflow-wrap: anywhere; }
section { background: #fff; border: 1px solid #e4e7eb; border-radius: 8px;
  margin-top: 20px; padding: 18px 22px; }
h2 { margin: 0 0 4px; font-size: 18px; }
p { margin: 4px 0 10px; max-width: 105ch; color: #3e4c59; }
img { display: block; width: 100%; height: auto; margin-top: 8px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin-top: 8px; font-size: 14px; }
th, td { text-align: left; padding: 5px 12px 5px 0; vertical-align: top;
  border-bottom: 1px solid #e4e7eb; font-variant-numeric: tabular-nums; }
th { color: #52606d; font-weight: 600; }
"""


class ReportError(NeuromorphicError):
    """A report that cannot be written."""


class Picture(NamedTuple):
    """A PNG file with a description for those who cannot see it."""

    png: bytes
    description: str


class Table(NamedTuple):
    """Headings and rows of text; the headings may be empty."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


class Section(NamedTuple):
    """A part of the page."""

    title: str
    words: str
    content: Sequence[Picture | Table] = ()


class Page(NamedTuple):
    """The whole page; facts: value and what it means."""

    title: str
    subtitle: str
    facts: Sequence[tuple[str, str]]
    sections: Sequence[Section]


def render_page(page: Page) -> str:
    """Return the page as HTML without any reference to other files."""
    facts = "".join(
        f'<div class="fact"><b>{_text(value)}</b><span>{_text(meaning)}</span></div>'
        for value, meaning in page.facts
    )
    sections = "\n".join(map(_section, page.sections))
    return f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{_text(page.title)}</title>
<style>
{CSS}</style>
</head>
<body>
<main>
<header><h1>{_text(page.title)}</h1><p>{_text(page.subtitle)}</p></header>
<div class="facts">{facts}</div>
{sections}
</main>
</body>
</html>
"""


def write_page(page: Page, path: Path) -> None:
    """Write a page, whole or not at all; raises ReportError if that fails."""
    write_file(render_page(page).encode(), path)


def write_file(content: bytes, path: Path) -> None:
    """Write a file, whole or not at all; raises ReportError if that fails."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_bytes(content)
        scratch.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            scratch.unlink()
        raise ReportError(f"{path}: cannot be written: {error.strerror}") from None


def _section(section: Section) -> str:
    content = "\n".join(
        _picture(item) if isinstance(item, Picture) else _table(item) for item in section.content
    )
    return (
        f"<section><h2>{_text(section.title)}</h2>\n<p>{_text(section.words)}</p>\n"
        f"{content}</section>"
    )


def _picture(picture: Picture) -> str:
    data = base64.b64encode(picture.png).decode("ascii")
    return f'<img alt="{_text(picture.description)}" src="data:image/png;base64,{data}">'


def _table(table: Table) -> str:
    head = "".join(f"<th>{_text(heading)}</th>" for heading in table.headings)
    body = "\n".join(
        "<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    head = f"<thead><tr>{head}</tr></thead>" if head else ""
    return f'<div class="scroll"><table>{head}<tbody>{body}</tbody></table></div>'


def _text(text: str) -> str:
    return html.escape(text)
