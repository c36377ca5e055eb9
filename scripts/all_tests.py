"""Runs all tests in two processes; a few that fail there are run again by themselves, and are named either way.

Nearly all of the tests talk to real servers over real sockets, thousands of times in a run. A race in a test, or in a
library (grpc/grpc#36066 is one), shows once in many runs; a fault of ours fails a test each time. So up to three tests
that failed among the others are run alone, twice: if they pass both times the run is green, and its last lines say
which tests they were. CPython's `regrtest --rerun` does likewise.

Usage: python scripts/all_tests.py [pytest arguments]
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

MOST = 3
"""More than this many failed tests are no accident."""
TIMES = 2
_SOME_FAILED = 1
"""pytest's exit status where tests failed and nothing else went wrong."""


def main(arguments: list[str]) -> int:
    """Run the tests; return 0, or pytest's exit status."""
    with tempfile.TemporaryDirectory() as cache:
        status = _pytest(cache, "--numprocesses", "2", "--dist", "loadfile", *arguments)
        if status != _SOME_FAILED:
            return status
        failed = _last_failed(Path(cache))
    if not 0 < len(failed) <= MOST:
        return status
    print(f"\nrun alone, {TIMES} times, because a race may have failed them: {', '.join(failed)}", flush=True)
    for _ in range(TIMES):
        with tempfile.TemporaryDirectory() as cache:
            if status := _pytest(cache, *failed):
                return status
    print("\nfailed among the others, passed alone (a race in the test or below it; please mend it):")
    for test in failed:
        print(f"    {test}")
    return 0


def _pytest(cache: str, *arguments: str) -> int:
    command = [sys.executable, "-m", "pytest", "-o", f"cache_dir={cache}", *arguments]
    return subprocess.run(command, check=False).returncode


def _last_failed(cache: Path) -> list[str]:
    """The tests that failed, or the files that could not be collected."""
    found = cache / "v" / "cache" / "lastfailed"
    return sorted(json.loads(found.read_text())) if found.exists() else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
