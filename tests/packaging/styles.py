"""The packaging fixtures: what their owners type, and how their servers are asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
FIXTURES = REPOSITORY / "fixtures" / "packaging"


@dataclass(frozen=True)
class Style:
    """One folder of fixtures/packaging.

    `setup` makes the development environment, `build` and `test` are the project's own commands in it, each for a shell
    in the project's folder. `ask` is a Python program that asks the server at `{address}` and fails if the answer is
    another one; it is run in the project's folder as it was before the migration, so that it is an old client.
    """

    name: str
    setup: str
    build: str
    test: str
    ask: str
    source: str = "."

    @property
    def folder(self) -> Path:
        """Where it is."""
        return FIXTURES / self.name


STYLES = (
    Style(
        "pip_make",
        setup="pip install --quiet -r requirements-dev.txt",
        build="make proto",
        test="make test",
        ask="from client import level; assert level('{address}', 'Husum', 3) == 310",
    ),
    Style(
        "poetry_group",
        setup="pip install --quiet build . {group}",
        build="python tools/generate.py && python -m build --quiet --wheel --outdir ../wheels .",
        test="PYTHONPATH=src python -m pytest -q",
        ask="import asyncio; from bindery.client import bind; assert asyncio.run(bind('{address}', 'K', 3)) == 48",
        source="src",
    ),
    Style(
        "uv_buf",
        setup="pip install --quiet uv && uv sync --quiet",
        build="uv run --quiet buf generate",
        test="uv run --quiet pytest -q",
        ask="from ferry_app.client import Office; assert Office('{address}').book('Ada', 2) == 'Ada-2'",
    ),
)
