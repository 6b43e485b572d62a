from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from neuromorphic_ros.atomic_file import write_atomically

FOREVER = """
import sys
from pathlib import Path
from neuromorphic_ros.atomic_file import write_atomically

path = Path(sys.argv[1])
for number in range(10**9):
    write_atomically(path, bytes([number % 256]) * 300_000)
"""


def test_a_file_is_made_with_its_folder_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert [each.name for each in path.parent.iterdir()] == ["file"]


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    with pytest.raises(OSError, match="folder"):
        write_atomically(path, b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]


def test_a_process_that_is_killed_again_and_again_leaves_whole_files(tmp_path: Path) -> None:
    path = tmp_path / "file[1]"
    for attempt in range(8):
        process = subprocess.Popen([sys.executable, "-c", FOREVER, str(path)])
        deadline_s = time.monotonic() + 20
        before = path.stat().st_mtime_ns if path.exists() else 0
        while not path.exists() or path.stat().st_mtime_ns == before:
            assert time.monotonic() < deadline_s
            time.sleep(0.001)
        time.sleep(0.003 * attempt)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        content = path.read_bytes()
        assert len(content) == 300_000
        assert len(set(content)) == 1
    write_atomically(path, b"end")
    assert [each.name for each in tmp_path.iterdir()] == ["file[1]"]
