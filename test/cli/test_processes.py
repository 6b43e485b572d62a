"""Child processes run and end together."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from io import StringIO

import pytest

from neuromorphic_ros.cli import processes
from neuromorphic_ros.cli.processes import Command, run_together

PATIENCE_S = 20.0
OBEDIENT = """
import signal, sys
signal.signal(signal.{signal}, lambda *_: sys.exit({code}))
print("ready", flush=True)
while True: signal.pause()
"""
OBEDIENT_TO_SIGINT = OBEDIENT.format(signal="SIGINT", code=0)
STUBBORN = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
while True: signal.pause()
"""


def python(name: str, code: str) -> Command:
    return Command(name, [sys.executable, "-c", code])


def obedient(name: str, number: str = "SIGINT", code: int = 0) -> Command:
    return python(name, OBEDIENT.format(signal=number, code=code))


def run(commands: list[Command], may_end: tuple[str, ...] = ()) -> tuple[int, str]:
    output = StringIO()
    return run_together(commands, os.environ, output, may_end), output.getvalue()


def run_until_ready(commands: list[Command], number: signal.Signals) -> tuple[int, str]:
    """Run, and signal this process once all children are ready."""
    output = StringIO()

    def send() -> None:
        until_s = time.monotonic() + PATIENCE_S
        while output.getvalue().count("ready") < len(commands) and time.monotonic() < until_s:
            time.sleep(0.01)
        os.kill(os.getpid(), number)

    sender = threading.Thread(target=send)
    sender.start()
    code = run_together(commands, os.environ, output)
    sender.join()
    return code, output.getvalue()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_children_get_the_signal_that_came(number: signal.Signals) -> None:
    children = [obedient("a", number.name), obedient("b", number.name)]
    code, output = run_until_ready(children, number)
    assert (code, sorted(output.splitlines())) == (0, ["[a] ready", "[b] ready"])


def test_a_hang_up_reaches_children_as_sigint() -> None:
    assert run_until_ready([obedient("a")], signal.SIGHUP)[0] == 0


def test_a_child_that_ends_badly_when_asked_is_named() -> None:
    code, output = run_until_ready([obedient("a"), obedient("b", code=3)], signal.SIGINT)
    assert code == 1
    assert "neuromorphic: b has ended with exit code 3\n" in output


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("raise SystemExit(3)", "exit code 3"),
        ("pass", "exit code 0"),
        ("import os; os.kill(os.getpid(), 9)", "SIGKILL"),
    ],
)
def test_when_a_child_ends_the_others_are_ended_too(code: str, how: str) -> None:
    result, output = run([obedient("a"), python("b", code)])
    assert result == 1
    assert f"neuromorphic: b has ended with {how}; stopping the others\n" in output


@pytest.mark.parametrize(("exit_code", "result"), [(0, 0), (4, 1)])
def test_a_child_may_end_if_it_has_done_its_work(exit_code: int, result: int) -> None:
    children = [obedient("a"), python("b", f"raise SystemExit({exit_code})")]
    assert run(children, may_end=("b",))[0] == result


def test_a_child_that_does_not_listen_is_killed_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "GRACE_S", 0.2)
    insistence = ((signal.SIGTERM, 0.2), (signal.SIGKILL, PATIENCE_S))
    monkeypatch.setattr(processes, "INSISTENCE_S", insistence)
    code, output = run_until_ready([python("a", STUBBORN)], signal.SIGINT)
    assert code == 1
    assert "neuromorphic: a has ended with SIGKILL\n" in output


def test_a_command_that_cannot_start_ends_those_that_have() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(FileNotFoundError):
        run([obedient("a"), Command("b", ["/no/such/executable"])])
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_closed_output_does_not_keep_children_running() -> None:
    class Closed(StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    children = [python("a", "print('x' * 1_000_000)")]
    assert run_together(children, os.environ, Closed(), may_end=("a",)) == 0


def test_a_line_is_never_torn() -> None:
    talkative = "print('\\n'.join('{}' * 1000 for _ in range(200)))"
    children = [python(name, talkative.format(name) + OBEDIENT_TO_SIGINT) for name in "ab"]
    _, output = run_until_ready(children, signal.SIGINT)
    lines = output.splitlines()
    for name in "ab":
        assert lines.count(f"[{name}] {name * 1000}") == 200
    assert len(lines) == 402
