"""The journal: what each run writes, kept before it is written, so that a run can be taken back or finished.

Knows `results` and `sources` only. It lives in the user's state folder, never in a repository.
"""

from grpc2connect.journal.runs import JournalError, Part, Run, Writing, interrupted, runs, writing
from grpc2connect.journal.undo import Undone, changed_since, progress_of, sweep, take_back

__all__ = [
    "JournalError",
    "Part",
    "Run",
    "Undone",
    "Writing",
    "changed_since",
    "interrupted",
    "progress_of",
    "runs",
    "sweep",
    "take_back",
    "writing",
]
