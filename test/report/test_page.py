"""The page, as a browser gets it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from neuromorphic_ros.cli.main import main
from neuromorphic_ros.report.html import Page, ReportError, render_page, write_page
from neuromorphic_ros.report.page import report_page
from neuromorphic_ros.report.record import Record

TITLES = [
    "What ran",
    "Event frames",
    "Spikes",
    "Motion",
    "Detections",
    "Energy",
    "Health",
]
REFERENCES = ("src", "href", "action", "data", "poster", "srcset")


class References(HTMLParser):
    """Collect what a page loads or leads to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in REFERENCES]


@pytest.fixture(scope="module")
def text(record: Record) -> str:
    return render_page(report_page(record, "a <made up> run"))


def test_the_page_needs_nothing_but_itself(text: str) -> None:
    references = References(text).found
    assert references
    assert all(reference.startswith("data:image/png;base64,") for reference in references)
    assert not re.search(r"https?://|@import|url\(|<script|<link", text)


def test_every_section_is_there_in_order(text: str) -> None:
    assert re.findall(r"<h2>(.*?)</h2>", text) == TITLES


def test_a_run_of_nothing_has_every_section_too(empty: Record) -> None:
    text = render_page(report_page(empty, "nothing"))
    assert re.findall(r"<h2>(.*?)</h2>", text) == TITLES
    assert "<img" not in text
    assert text.count("Nothing of this kind was received.") == 5


def test_what_is_not_known_is_said_in_words(text: str) -> None:
    assert "Measured by a meter: not measured" in text
    assert "not published" in text
    assert not re.search(r"\bnan\b", text, re.IGNORECASE)


def test_prices_are_marked(text: str) -> None:
    row = re.search(r"<td>loihi1</td>.*?</tr>", text, re.DOTALL)
    assert row
    assert "at least" in row[0]
    assert "<td>derived</td>" in row[0], "the weakest of its prices"
    assert "horowitz_45nm_int8" in text


def test_measured_energy_is_shown(record: Record) -> None:
    for report in record.energy:
        report.measured_j = 0.5
    text = render_page(report_page(record, "measured"))
    for report in record.energy:
        report.measured_j = np.nan
    assert "Measured by a meter: 1 J." in text


def test_words_of_others_are_escaped(text: str) -> None:
    assert "a &lt;made up&gt; run" in text
    assert "&lt;odd&gt;" in text
    assert "<odd>" not in text


def test_health_tells_of_late_spikes_and_rejected_messages(text: str) -> None:
    assert "<td>late spikes, dropped</td><td>7</td>" in text
    assert "30 received, 2 rejected" in text


def test_the_command_writes_page_and_figure(
    run_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, figure = tmp_path / "new" / "page.html", tmp_path / "figure.png"
    assert main(["report", str(run_path), "--out", str(page), "--source", "mine"]) == 0
    assert "made_up on mine" in page.read_text()
    assert main(["report", str(run_path), "--figure", str(figure)]) == 0
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().out.split() == [str(page), str(figure)]


def test_equal_runs_give_equal_figures(run_path: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert main(["report", str(run_path), "--figure", str(tmp_path / name)]) == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_missing_recording_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_page_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    with pytest.raises(ReportError, match="cannot be written"):
        write_page(Page("", "", [], []), target)
    assert list(tmp_path.iterdir()) == [target]
