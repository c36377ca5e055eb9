"""The command line with its real engine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from grpc2connect.cli import run
from tests.cli.conftest import Outcome

Shell = Callable[..., Outcome]


@pytest.fixture
def shell(capfd: pytest.CaptureFixture[str]) -> Shell:
    def run_it(*arguments: str) -> Outcome:
        code = run(arguments)
        captured = capfd.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run_it
