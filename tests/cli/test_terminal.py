"""On a real pseudo-terminal: the pager, and the questions of `migrate --interactive`."""

from __future__ import annotations

import errno
import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grpc2connect.cli import pager

pty = pytest.importorskip("pty", reason="needs pseudo-terminals")
PROGRAM = """
import sys
from pathlib import Path
from grpc2connect.cli import run
from tests.cli.fakes import FakeEngine, answer, edit
from grpc2connect.results import Entry, Place, Region, State
from dataclasses import replace
class Engine(FakeEngine):
    def run(self, options, progress=None):
        path = Path("server.py").absolute()
        place = Place(path, 3, 1)
        region = Region(2, 2, place, "G2C201", State.NATIVE, ("a.A",))
        state = State.LEFT if options.choices.refused or options.choices.stay else State.NATIVE
        after = path.read_bytes().replace(b"context.abort", b"raise ConnectError")
        change = replace(edit(path, "a.A"), after=after, regions=(region,))
        entry = Entry(place, "ContextCall", "G2C201", state, "context.abort", ("a.A",), evidence=("x is a context",))
        self.answer = answer(*([] if state is State.LEFT else [change]), entries=[entry])
        return super().run(options, progress)
sys.exit(run(sys.argv[1:], Engine()))
"""


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, arguments: list[str], folder: Path, **environment: str) -> None:
        master, slave = pty.openpty()
        self.master = master
        path = os.pathsep.join(path for path in sys.path if path)
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments],
            cwd=folder,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "PYTHONPATH": path, "TERM": "xterm", "COLUMNS": "120", **environment},
            start_new_session=True,
        )
        os.close(slave)
        self.seen = ""

    def until(self, text: str) -> str:
        """What comes up to some text, colours taken out; fails after a minute."""
        end = time.monotonic() + 60
        start = len(self.seen)
        while text not in self.seen[start:]:
            assert time.monotonic() < end, self.seen
            assert self._read(), self.seen
        return self.seen[start:]

    def type(self, text: str, until: str) -> str:
        os.write(self.master, text.encode())
        return self.until(until)

    def end(self) -> int:
        """The exit code, when all has been read."""
        while self._read():
            pass
        os.close(self.master)
        return self.process.wait(60)

    def _read(self) -> bool:
        if not select.select([self.master], [], [], 60)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError as problem:  # Linux says so when the last one has left the terminal
            assert problem.errno == errno.EIO
            return False
        self.seen += re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", data.decode()).replace("\r\n", "\n")
        return bool(data)


@pytest.fixture
def server(project: Path) -> Path:
    path = project / "server.py"
    path.write_bytes(b"def f(context):\n    '[int]'\n    context.abort(x)\n")
    return path


def test_questions(project: Path, server: Path) -> None:
    old = server.read_bytes()
    terminal = Terminal(["migrate", "-i", "--allow-dirty"], project)
    shown = terminal.until("Change this? [y,n,r,u,e,x,b,q,?] ")
    assert "server.py:3  a.A  1 of 1\n  G2C201 native: abort raises\n" in shown
    assert "     '[int]'\n-    context.abort(x)\n+    raise ConnectError(x)\n" in shown
    assert "because x is a context" in terminal.type("x\n", "Change this?")
    assert "  q  quit; services" in terminal.type("?\n", "Change this?")
    assert "'yikes' is no answer" in terminal.type("yikes\n", "Change this?")
    assert "because x is a context" in terminal.type("Explain\n", "Change this?")
    shown = terminal.type("n\n", "Is this what you want? [y,b] ")
    assert (
        "Without this, a.A stays on gRPC as a whole: 1 place stays as it is.\n  server.py\n    3 context.abort\n"
        in shown
    )
    terminal.type("b\n", "Change this?")
    assert "1 native" in terminal.type("y\n", "Write this? [y,n,b] ")
    terminal.type("b\n", "Change this?")
    terminal.type("y\n", "Write this?")
    assert server.read_bytes() == old
    terminal.type("y\n", "wrote server.py\n")
    assert terminal.end() == 0
    assert server.read_bytes() == old.replace(b"context.abort", b"raise ConnectError")


def test_edit_in_an_editor(project: Path, server: Path) -> None:
    editor = project / "editor"
    editor.write_text('#!/bin/sh\nsed -i \'s/ConnectError(x)/ConnectError(context)/\' "$1"\ncp "$1" shown.txt\n')
    editor.chmod(0o755)
    terminal = Terminal(["migrate", "-i", "--allow-dirty"], project, EDITOR=str(editor), VISUAL="")
    terminal.until("Change this?")
    terminal.type("e\n", "Write this?")
    assert "#: The lines above replace line 3 of server.py." in (project / "shown.txt").read_text()
    terminal.type("y\n", "wrote server.py\n")
    assert terminal.end() == 0
    assert server.read_bytes() == b"def f(context):\n    '[int]'\n    raise ConnectError(context)\n"


@pytest.mark.parametrize("how", ["n\n", "q\n", "\x04", "\x03"], ids=["no", "quit", "end of input", "interrupt"])
def test_ways_out_write_nothing(project: Path, server: Path, how: str) -> None:
    old = server.read_bytes()
    terminal = Terminal(["migrate", "-i", "--allow-dirty"], project)
    terminal.until("Change this?")
    if how == "q\n":
        assert "1 place is not decided about" in terminal.type(how, "Write this?")
        how = "n\n"
    if how == "n\n" and "Write this?" not in terminal.seen:
        terminal.type("y\n", "Write this?")
    if how == "\x03":  # what the terminal would send to who has it in the foreground
        terminal.process.send_signal(signal.SIGINT)
    else:
        os.write(terminal.master, how.encode())
    assert terminal.end() == (130 if how == "\x03" else 0)
    assert "nothing is written" in terminal.seen or how == "\x03"
    assert server.read_bytes() == old


def test_no_terminal_no_questions(project: Path, server: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "migrate", "-i", "--allow-dirty"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error[no-terminal]: --interactive asks questions, and needs a terminal")


def test_the_pager_gets_the_patch_in_colour_and_nothing_else(project: Path, server: Path) -> None:
    terminal = Terminal(["diff"], project, GIT_PAGER="cat >paged.txt", PAGER="false")
    assert terminal.end() == 1
    paged = (project / "paged.txt").read_text()
    assert paged.startswith("\x1b[1mdiff --git a/server.py")
    assert "\x1b[7mraise ConnectError\x1b[27m" in paged
    assert "diff --git" not in terminal.seen
    assert "1 file would change" in terminal.seen
    (project / "paged.txt").unlink()
    terminal = Terminal(["diff", "--no-pager"], project, GIT_PAGER="cat >paged.txt")
    assert terminal.end() == 1
    assert "diff --git" in terminal.seen
    assert not (project / "paged.txt").exists()
    terminal = Terminal(["diff"], project, GIT_PAGER="no-such-program-anywhere")
    terminal.end()
    assert "diff --git" in terminal.seen


def test_which_pager() -> None:
    assert pager.command({"GIT_PAGER": "delta", "PAGER": "more"}) == "delta"
    assert pager.command({"PAGER": "more"}) == "more"
    assert pager.command({"PAGER": "cat"}) is None
    assert pager.command({"GIT_PAGER": "", "PAGER": "more"}) is None
