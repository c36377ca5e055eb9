"""`grpc2connect test-rule`: a rule pack against its fixtures."""

from __future__ import annotations

import difflib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from grpc2connect.cli import codes
from grpc2connect.cli.engine import Engine
from grpc2connect.cli.help import Command
from grpc2connect.cli.output import Output
from grpc2connect.cli.session import held
from grpc2connect.errors import Failure, Title
from grpc2connect.options import Options, RuntimeMode
from grpc2connect.report.paint import Paint, shown
from grpc2connect.report.text import error_line
from grpc2connect.results import RunResult

_NO_CACHES = shutil.ignore_patterns("__pycache__")


@click.command(cls=Command, short_help="Test a rule pack against its fixtures.", epilog=codes.HELP)
@click.argument("pack")
@click.option("--fixtures", type=click.Path(exists=True, file_okay=False, path_type=Path), default=None, metavar="DIR",
              help="Where they are; else the folder `fixtures` beside the pack.")  # fmt: skip
@click.option("--unsafe", is_flag=True, help="Test with the edits that --unsafe lets in.")
@click.option("--update", is_flag=True, help="Write what comes out into `after` and `findings.txt`; read that diff.")
def test_rule(*, pack: str, fixtures: Path | None, unsafe: bool, update: bool) -> int:
    """Test a rule pack: PACK is its folder, or a package that is installed.

    Each folder CODE-NAME of the fixtures has a project `before` and `after`: what comes out must be that, byte for
    byte, a second run must change nothing, and every reference must be accounted for. Of what lies in `_untouched`
    nothing may change. What lies in `_stubs` is put beside every fixture. Every rule of the pack needs a fixture.
    """
    output = Output("auto")
    name = os.path.abspath(pack) if os.path.exists(pack) else pack
    folder = fixtures or Path(name).parent / "fixtures"
    own = [rule.code for rule in held().catalogue((name,)) if not rule.code.startswith("G2C")]
    if not folder.is_dir():
        raise Failure(Title.NO_FIXTURES, f"{folder} is not there", "--fixtures names the folder with the fixtures")
    cases = [_Case(held(), name, path, folder / "_stubs", unsafe) for path in _cases(folder)]
    failed = 0
    for case in cases:
        problems = list(case.update() if update else case.problems())
        failed += bool(problems)
        mark = output.out.bad("FAILED") if problems else output.out.good("ok")
        output.lines([f"{mark} {shown(case.folder, folder)}", *problems])
    for code in own:
        if not any(case.folder.name.partition("-")[0] == code for case in cases):
            failed += 1
            output.lines([f"{output.out.bad('FAILED')} {code}: no fixture {code}-NAME in {folder}"])
    output.lines([f"{len(cases)} fixtures, {failed} failed"])
    return codes.ExitCode.REMAINS if failed else codes.ExitCode.OK


def _cases(folder: Path) -> list[Path]:
    golden = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(("_", "."))]
    look_alikes = folder / "_untouched"
    plain = [path for path in look_alikes.iterdir() if path.is_dir()] if look_alikes.is_dir() else []
    return [*sorted(golden), *sorted(plain)]


@dataclass(frozen=True)
class _Case:
    engine: Engine
    pack: str
    folder: Path
    stubs: Path
    unsafe: bool

    @property
    def _is_golden(self) -> bool:
        return self.folder.parent.name != "_untouched"

    @property
    def _before(self) -> Path:
        return self.folder / "before" if self._is_golden else self.folder

    def problems(self) -> Iterator[str]:
        """What is wrong, a line each."""
        if not self._before.is_dir():
            yield f"    {self._before} is missing"
            return
        wanted = _files(self.folder / "after" if self._is_golden else self.folder)
        found, result, again = self._migrated()
        yield from self._unaccounted(result)
        for name in sorted({*wanted, *found}):
            yield from _difference(name, wanted.get(name), found.get(name))
        if again.changes:
            yield f"    a second run changes {again.changes[0].path.name}"
        if self._is_golden:
            yield from self._of_the_rule(result)

    def update(self) -> Iterator[str]:
        """Make what comes out the golden files."""
        if not self._is_golden:
            yield from self.problems()
            return
        found, result, _ = self._migrated()
        shutil.rmtree(self.folder / "after", ignore_errors=True)
        for name, data in found.items():
            path = self.folder / "after" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        listed = _findings(result)
        if listed:
            (self.folder / "findings.txt").write_text("".join(f"{line}\n" for line in listed), encoding="utf-8")
        yield from self._unaccounted(result)

    def _of_the_rule(self, result: RunResult) -> Iterator[str]:
        code = self.folder.name.partition("-")[0]
        if code not in {entry.code for entry in result.ledger}:
            yield f"    no reference went to {code}"
        listed = self.folder / "findings.txt"
        expected = listed.read_text(encoding="utf-8").splitlines() if listed.exists() else []
        yield from (f"    finding missing: {line}" for line in expected if line not in _findings(result))
        yield from (f"    finding not in findings.txt: {line}" for line in _findings(result) if line not in expected)

    def _unaccounted(self, result: RunResult) -> Iterator[str]:
        if not result.audit.holds:
            yield f"    the ledger does not add up: {result.audit}"
        yield from (f"    {error_line(error, result.root, Paint())}" for error in result.errors)

    def _migrated(self) -> tuple[dict[str, bytes], RunResult, RunResult]:
        """The fixture's own files after a migration, its result, and that of a second run."""
        with tempfile.TemporaryDirectory() as name:
            top = Path(name).resolve()
            if self.stubs.is_dir():
                shutil.copytree(self.stubs, top, dirs_exist_ok=True, ignore=_NO_CACHES)
            shutil.copytree(self._before, top, dirs_exist_ok=True, ignore=_NO_CACHES)
            options = Options(
                top, (top,), runtime=RuntimeMode.PACKAGE, rules=(self.pack,), unsafe=self.unsafe, project=top
            )
            result = self.engine.run(options)
            for error in self.engine.write(result.changes):
                raise Failure(Title.CANNOT_WRITE, f"{error.path}: {error.message}", error.advice)
            own = _files(self._before)
            found = {file: data for file, data in _files(top).items() if file in own}
            return found, result, self.engine.run(options)


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def _findings(result: RunResult) -> Sequence[str]:
    return sorted(f"{shown(one.place.path, result.root)}:{one.place.line} {one.code}" for one in result.findings)


def _difference(name: str, wanted: bytes | None, found: bytes | None) -> Iterator[str]:
    if wanted == found:
        return
    if wanted is None or found is None:
        yield f"    {name} is only {'in after' if found is None else 'before: copy it to after'}"
        return
    old, new = (data.decode("utf-8", "replace").splitlines() for data in (wanted, found))
    lines = difflib.unified_diff(old, new, f"expected/{name}", f"found/{name}", lineterm="")
    yield from (f"    {line}" for line in lines)
