"""Scripts that make sync code of async code are told that it has other names now."""

from __future__ import annotations

import pytest

from tests.programs.conftest import Program

ASYNC = """import grpc
import greeting_pb2_grpc


class AsyncGreetings:
    def __init__(self, channel: grpc.aio.Channel):
        self.stub = greeting_pb2_grpc.GreeterStub(channel)


def greetings(target):
    return AsyncGreetings(grpc.aio.insecure_channel(target))
"""


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ('import tokenize\n\nNAMES = {\n    "__aiter__": "__iter__",\n    "__aenter__": "__enter__",\n}\n', 5),
        ("from pathlib import Path\n\nimport unasync\n\nunasync.unasync_files([], rules=[])\n", 3),
        ('class Client:\n    async def __aenter__(self): ...\n\n    def __enter__(self): ...\n\n\nX = "unasync"\n', 0),
    ],
    ids=["a table", "unasync", "neither"],
)
def test_a_script_that_makes_sync_code(program: Program, script: str, line: int) -> None:
    program.write("app.py", ASYNC)
    program.write("utils/make_sync.py", script)
    found = [finding for finding in program.migrate().findings if finding.code == "G2C918"]
    assert [finding.place.line for finding in found] == ([line] if line else [])
    assert not line or "AioChannel, aio_insecure_channel" in found[0].message


def test_where_no_async_code_has_moved_nothing_is_said(program: Program) -> None:
    program.write("app.py", ASYNC.replace(".aio.", "."))
    program.write("make_sync.py", "import unasync\n")
    assert "G2C918" not in {finding.code for finding in program.migrate().findings}
