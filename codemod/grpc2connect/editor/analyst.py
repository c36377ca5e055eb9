"""The process that looks at the project for the server: asked one thing at a time, ended when nobody wants the answer.

What it does may take seconds, or its life; the server goes on, and the next question gets a new process.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import shutil
import struct
import tempfile
from collections.abc import Sequence
from pathlib import Path

from grpc2connect.editor.questions import Answer, Question
from grpc2connect.errors import Failure, Title

LENGTH = struct.Struct(">Q")
"""What goes before each pickle: its length in bytes."""
SCRATCH = "grpc2connect-lsp-"
"""How the names of folders for an analyst's temporary files begin."""
_VARIABLES = ("TMPDIR", "TEMP", "TMP")


class AnalystFailed(Failure):
    """There is no answer."""


class Analyst:
    """One such process, started when it is first needed, in `folder`; `command` speaks as `cli/lsp_answers.py` does."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self._command = command
        self._folder = folder
        self._lock = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._scratch = ""

    async def ask(self, question: Question) -> Answer:
        """The answer. Raises `AnalystFailed`; cancelled, it ends the process."""
        async with self._lock:
            try:
                return await self._asked(question)
            except (asyncio.IncompleteReadError, OSError, EOFError, pickle.UnpicklingError):
                code = await self._process.wait() if self._process else "?"
                self.stop()
                what = f"the analysis ended with exit code {code}"
                raise AnalystFailed(Title.INTERNAL, what, "it starts again with the next change") from None
            except BaseException:
                self.stop()
                raise

    def stop(self) -> None:
        """End the process, and take its temporary files away."""
        process, self._process = self._process, None
        scratch, self._scratch = self._scratch, ""
        if process is not None and process.returncode is None:
            process.kill()
        if scratch:
            shutil.rmtree(scratch, ignore_errors=True)

    async def end(self) -> None:
        """`stop`, and wait until the process has gone."""
        process = self._process
        self.stop()
        if process is not None:
            await process.wait()

    async def _asked(self, question: Question) -> Answer:
        if self._process is None or self._process.returncode is not None:
            self.stop()
            # Killed, it cannot tidy up; what it has made is all in here.
            self._scratch = tempfile.mkdtemp(prefix=SCRATCH)
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                cwd=self._folder,
                env={**os.environ, **dict.fromkeys(_VARIABLES, self._scratch)},
            )
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        data = pickle.dumps(question)
        stdin.write(LENGTH.pack(len(data)) + data)
        await stdin.drain()
        (length,) = LENGTH.unpack(await stdout.readexactly(LENGTH.size))
        answer: Answer = pickle.loads(await stdout.readexactly(length))
        return answer
