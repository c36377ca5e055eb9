"""The exit codes: one meaning each, in `--help` and in the README."""

from __future__ import annotations

import enum

from grpc2connect.results import RunResult, Severity


class ExitCode(enum.IntEnum):
    """What the process says to the shell; a higher code of 1, 3 and 4 wins over a lower one."""

    OK = 0
    REMAINS = 1
    USAGE = 2
    FAILED_FILES = 3
    LEDGER = 4
    INTERNAL = 70
    INTERRUPTED = 130


HELP = """\b
Exit codes:
    0  diff: nothing to change; migrate, generate: written; check: within the baseline
    1  diff: would change; check: beyond the baseline; migrate FILES: other files must change too
    2  usage or configuration
    3  some files failed; the others were done
    4  the ledger did not add up
   70  an error in grpc2connect itself
  130  interrupted
"""


def of(result: RunResult, *, remains: bool = False) -> ExitCode:
    """The code for `result`, where `remains` says whether there is still something to do."""
    if not result.audit.holds:
        return ExitCode.LEDGER
    if result.errors or any(finding.severity is Severity.ERROR for finding in result.findings):
        return ExitCode.FAILED_FILES
    return ExitCode.REMAINS if remains else ExitCode.OK
