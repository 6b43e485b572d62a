"""Every command of the tutorials runs as it is written, and answers what is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import PACKAGE, get_package_prefix, own_domain

from .page import Command, File, Interrupt, answers, steps

pytestmark = [pytest.mark.ros, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
NEEDS = {"own_network.md": ("torch", "snntorch", "nirtorch"), "loihi.md": ("lava",)}
# A loaded machine may take long; nothing waits for it when all is well.
PATIENCE_S = 120.0
RETRY_S = 0.5
# Exit code of `timeout`, by which the tutorials end what would go on for ever.
TIMED_OUT = 124


class Reader:
    """Somebody at a shell in the folder of the repository, with other terminals beside it."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        """folder: where commands run."""
        self._folder = folder
        self._environment = environment
        self._terminals: dict[str, subprocess.Popen[bytes]] = {}

    def does(self, step: File | Command | Interrupt) -> None:
        """Do a step; raises AssertionError with what was printed unless it went as told."""
        if isinstance(step, File):
            path = self._folder / step.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step.content, encoding="utf-8")
        elif isinstance(step, Interrupt):
            assert self._interrupt(step.terminal) == 0, self._log(step.terminal).read_text()
        elif step.terminal:
            assert step.terminal not in self._terminals, f"{step.terminal} is busy"
            with self._log(step.terminal).open("wb") as log:
                self._terminals[step.terminal] = self._start(f"exec {step.line}", log.fileno())
        else:
            self._run(step)

    def leaves(self) -> None:
        """Close all terminals."""
        for name in list(self._terminals):
            self._interrupt(name)

    def _run(self, step: Command) -> None:
        """Run a command, and again while nodes in other terminals are still starting."""
        until = time.monotonic() + (PATIENCE_S if self._terminals else 0.0)
        while True:
            process = self._start(f"set -o pipefail; {step.line}", subprocess.PIPE)
            output = process.communicate(timeout=PATIENCE_S)[0].decode()
            told = not step.answer or answers(step.answer, output)
            if process.returncode in (0, TIMED_OUT) and told:
                return
            if time.monotonic() > until:
                logs = "".join(self._log(name).read_text() for name in self._terminals)
                raise AssertionError(
                    f"$ {step.line}\nexit code {process.returncode}, printed\n{output}\n"
                    f"instead of\n{step.answer}\nin other terminals\n{logs}"
                )
            time.sleep(RETRY_S)

    def _start(self, line: str, output: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["bash", "-c", line],
            cwd=self._folder,
            env=self._environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _log(self, terminal: str) -> Path:
        return self._folder / f"{terminal}.log"

    def _interrupt(self, terminal: str) -> int:
        process = self._terminals.pop(terminal)
        os.killpg(process.pid, signal.SIGINT)
        return process.wait(PATIENCE_S)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """Give a folder that looks like the repository, a PATH with its commands, and a domain."""
    for entry in ROOT.iterdir():
        if not entry.name.startswith("."):
            (tmp_path / entry.name).symlink_to(entry)
    stand_in = tmp_path / ".bin"
    stand_in.mkdir()
    (stand_in / "ros2").write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT / 'test')!r})\n"
        "from tutorials.ros2 import main\nsys.exit(main())\n"
    )
    (stand_in / "ros2").chmod(0o755)
    commands = [
        Path(get_package_prefix(PACKAGE), "lib", PACKAGE),
        Path(sys.executable).parent,
        *os.environ["PATH"].split(os.pathsep),
        # The genuine `ros2` comes first, where there is one.
        stand_in,
    ]
    with own_domain() as domain:
        environment = {
            **os.environ,
            "PATH": os.pathsep.join(map(str, commands)),
            "ROS_DOMAIN_ID": str(domain),
            "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        }
        reader = Reader(tmp_path, environment)
        yield reader
        reader.leaves()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_tutorial_does_what_it_says(page: Path, reader: Reader) -> None:
    for module in NEEDS.get(page.name, ()):
        pytest.importorskip(module)
    for step in steps(page.read_text(encoding="utf-8")):
        reader.does(step)
