from __future__ import annotations

from pathlib import Path

import pytest

from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.pipeline.recipes.files import files_of


def test_a_file_is_itself_and_a_folder_its_files(tmp_path: Path) -> None:
    for name in ("b.csv", "a.CSV", "notes.txt"):
        (tmp_path / name).touch()
    assert files_of(tmp_path / "notes.txt", ".csv") == [tmp_path / "notes.txt"]
    assert files_of(tmp_path / "missing", ".csv") == [tmp_path / "missing"]
    assert [each.name for each in files_of(tmp_path, ".csv")] == ["a.CSV", "b.csv"]


def test_a_folder_without_such_files_is_told(tmp_path: Path) -> None:
    with pytest.raises(LearningError, match=r"has no \.csv files"):
        files_of(tmp_path, ".csv")
