"""Long output on a terminal, a page at a time, in the program that git would use."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping

_FALLBACK = "less"
_SETTINGS = {"LESS": "FRX", "LV": "-c"}
"""As git sets them: colour, no page for what fits the screen, nothing cleared at the end."""


def command(environment: Mapping[str, str]) -> str | None:
    """The pager to use: `$GIT_PAGER`, `$PAGER` or less; None if there is none, or `cat` is asked for."""
    named = environment.get("GIT_PAGER")
    if named is None:
        named = environment.get("PAGER")
    if named is None:
        named = _FALLBACK if shutil.which(_FALLBACK) else ""
    return named if named.strip() not in ("", "cat") else None


def page(data: bytes, pager: str) -> bool:
    """Show `data` in a pager, and wait until the reader is done with it; False if it cannot be started."""
    sys.stdout.flush()
    environment = {**_SETTINGS, **os.environ}
    # ^C is for the pager, which may be searching; it must not end what waits for it.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with (
            subprocess.Popen(
                pager, shell=True, stdin=subprocess.PIPE, env=environment, restore_signals=True
            ) as process,
            contextlib.suppress(BrokenPipeError),
        ):  # the reader has seen enough
            process.communicate(data)
        return process.returncode not in (126, 127)
    except OSError:
        return False
    finally:
        signal.signal(signal.SIGINT, before)
