"""The entry point. A pre-commit hook that has nothing to do ends here, before anything heavy is imported."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the result is the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if _nothing_to_check(arguments):
        return 0
    from grpc2connect.cli import run

    return run(arguments)


def _nothing_to_check(arguments: Sequence[str]) -> bool:
    """Whether this is `check FILE...` with no file that mentions gRPC; any doubt means False."""
    if len(arguments) < 2 or arguments[0] != "check":
        return False
    from grpc2connect.sources import mentions

    try:
        return all(
            not argument.startswith("-") and Path(argument).is_file() and not mentions(Path(argument).read_bytes())
            for argument in arguments[1:]
        )
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
