"""The entry point. A pre-commit hook that has nothing to do ends here, before anything heavy is imported."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the result is the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["check"]:
        from grpc2connect.warm.answer import fine

        if fine(arguments[1:]):
            return 0
    if None in (sys.stdin, sys.stdout, sys.stderr):
        _open_streams()
    from grpc2connect.cli import run

    return run(arguments)


def _open_streams() -> None:
    """A stream that was closed (`>&-`) leads nowhere; other files that are opened must not get its number."""
    import os

    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 (for as long as the process runs)


if __name__ == "__main__":
    sys.exit(main())
