"""The command line: options in, the engine's results out through `report`, and an exit code."""

from grpc2connect.cli.app import run

__all__ = ["run"]
