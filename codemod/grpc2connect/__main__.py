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
    from grpc2connect.cli import run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
