"""docs/reviewing.md: its sessions are run, and what they print is put in; `scripts/reviewing_page.py` does so.

A block of `console` is a session: a line that begins with `$ ` is a command, all else its output. What is typed at a
question is read from behind the question. Dates are made the same; nothing else is touched.
"""

from __future__ import annotations

import os
import re
import select
import shlex
import subprocess
import sys
from pathlib import Path

from grpc2connect.cli import run
from tests.review.shop import Shop

PAGE = Path(__file__).parents[2] / "docs" / "reviewing.md"
_BLOCK = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)
_DATE = re.compile(r"\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\b")
_PROMPT = re.compile(r"\? \[[a-z,?]+\] $")
_ANSWER = re.compile(r"\? \[[a-z,?]+\] (.*)$", re.MULTILINE)


def due(text: str, shop: Shop) -> str:
    """The page as it has to be: every session as it goes now."""
    os.chdir(shop.folder)
    os.environ.update(NO_COLOR="1", PAGER="cat", GIT_PAGER="cat", COLUMNS="110", LINES="60", TERM="xterm")
    return _BLOCK.sub(lambda block: _session(block[0], shop), text)


def _session(block: str, shop: Shop) -> str:
    out = []
    for part in re.split(r"^(?=\$ )", block, flags=re.MULTILINE):
        if part.startswith("$ "):
            command = part.partition("\n")[0]
            printed = _DATE.sub("2026-11-21 22:41:03", _run(command[2:], _ANSWER.findall(part), shop))
            blank = "\n" if part.endswith("\n\n") else ""
            out.append(f"{command}\n{printed}{blank}")
    return "".join(out)


def _run(command: str, answers: list[str], shop: Shop) -> str:
    """What a command prints; `| head -N` and `2>/dev/null` are understood, for lack of a shell."""
    command, _, head = command.partition(" | head -")
    quiet = command.endswith(" 2>/dev/null")
    name, *arguments = shlex.split(command.removesuffix(" 2>/dev/null"))
    if name == "grpc2connect":
        printed = _forked(arguments, shop, answers, quiet=quiet)
    else:
        done = subprocess.run([name, *arguments], capture_output=True, text=True, timeout=60, check=True)
        printed = done.stdout
    return "".join(printed.splitlines(keepends=True)[: int(head)]) if head else printed


def _forked(arguments: list[str], shop: Shop, answers: list[str], *, quiet: bool) -> str:
    """What the tool prints in a process that has this one's look at the sources; on a terminal, if it asks anything."""
    import pty

    reader, writer = pty.openpty() if answers else os.pipe()
    child = os.fork()
    if child == 0:
        code = 70
        try:
            silent = os.open(os.devnull, os.O_WRONLY)
            for stream, where in ((0, writer), (1, writer), (2, silent if quiet else writer)):
                os.dup2(where, stream)
            sys.stdin = os.fdopen(0, closefd=False)
            sys.stdout, sys.stderr = (os.fdopen(stream, "w", buffering=1, closefd=False) for stream in (1, 2))
            code = run(arguments, shop.engine)
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)
    os.close(writer)
    waiting = list(answers)
    data = b""
    while select.select([reader], [], [], 60)[0]:
        try:
            piece = os.read(reader, 65536)
        except OSError:
            break
        if not piece:
            break
        data += piece
        if waiting and _PROMPT.search(data.decode("utf-8", "ignore")):
            os.write(reader, waiting.pop(0).encode() + b"\n")
    os.close(reader)
    assert not waiting, data.decode()
    os.waitpid(child, 0)
    return data.decode().replace("\r\n", "\n")
