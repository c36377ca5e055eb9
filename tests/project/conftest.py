"""The program under test is that of `tests/programs`."""

from tests.programs.conftest import program

__all__ = ["program"]
