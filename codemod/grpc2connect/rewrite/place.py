"""Where the runtime and the generated modules are, as import statements name them."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

from grpc2connect.facts.program import Program
from grpc2connect.facts.script_roots import roots_when_run, starts_alone, used_roots
from grpc2connect.generate import connect_module, is_beside
from grpc2connect.options import Options, RuntimeMode
from grpc2connect.results import Finding, Place, Severity
from grpc2connect.rules_api.names import RUNTIME
from grpc2connect.schema import GrpcModule
from grpc2connect.syntax import Module

CODE = "G2C903"
_Key = TypeVar("_Key", bound=Hashable)


class RuntimeUser(NamedTuple):
    """Where a file may take a vendored runtime from: folders, as `Program` has them."""

    in_reach: frozenset[str]
    proven: frozenset[str]
    """Those where imports beside the file were found."""
    used: frozenset[str]
    """Those where its own were."""
    is_script: bool
    """Whether the file can be started by itself, with only its own folder on the path."""


def fewest(
    wanting: Mapping[_Key, frozenset[str]],
    worth: Callable[[str, Iterable[_Key]], tuple[int, ...]] = lambda place, keys: (-len(place),),
) -> list[str]:
    """The fewest places of which each that wants one has one; of places that do equally well the one of more worth."""
    left = dict(wanting)
    chosen: list[str] = []
    while left:
        reached = {
            place: [key for key, places in left.items() if place in places]
            for place in sorted({place for places in left.values() for place in places})
        }
        best = max(reached, key=lambda place: (len(reached[place]), *worth(place, reached[place])))
        chosen.append(best)
        left = {key: places for key, places in left.items() if best not in places}
    return sorted(chosen)


@dataclass
class Places:
    """Answers import questions for one run, and notes which files need a vendored runtime."""

    program: Program
    options: Options

    def __post_init__(self) -> None:
        self._asking: set[Module] = set()
        self._users: dict[Path, RuntimeUser] = {}

    def noted(self) -> Mapping[Path, RuntimeUser]:
        """Which files need a vendored runtime, so far."""
        for module in self._asking:
            self._users[module.path] = RuntimeUser(
                roots_when_run(self.program, module),
                self.program.proven_roots(module),
                used_roots(self.program, module),
                starts_alone(self.program, module),
            )
        self._asking.clear()
        return self._users

    def note(self, noted: Mapping[Path, RuntimeUser]) -> None:
        """Add what was noted elsewhere."""
        self._users.update(noted)

    @property
    def is_vendored(self) -> bool:
        """Whether the runtime is written into the project."""
        return self.options.runtime is RuntimeMode.VENDOR

    def runtime(self, module: Module) -> str:
        """The dotted name of the runtime as a module imports it."""
        if self.is_vendored:
            self._asking.add(module)  # each new name asks, so where it is found is looked for later, once
        return RUNTIME

    def runtime_roots(self) -> list[Path]:
        """The fewest folders where a vendored runtime is in reach of every file that imports it.

        Of folders that do equally well it is the one where imports of such files were found: a folder with an
        `__init__.py` may be run as scripts all the same. Imports of the file itself go first: a script beside it may
        have put another folder on its path.
        """
        wanting = {path: user.in_reach for path, user in self.noted().items()}
        return [Path(root) for root in fewest(wanting, self._worth)]

    def findings(self, roots: Sequence[Path]) -> list[Finding]:
        """What has to be said of scripts which, started by themselves, do not find the runtime that is in `roots`."""
        found = []
        for path, user in sorted(self.noted().items()):
            if not user.is_script or path.parent in roots:
                continue
            root = next((root for root in sorted(roots) if str(root) in user.in_reach), path.parent)
            shown = Path(os.path.relpath(root, self.options.root))
            dotted = ".".join(path.relative_to(root).with_suffix("").parts)
            message = f"started by itself this script does not find {(shown / RUNTIME).as_posix()}"
            advice = f"start it by `python -m {dotted}`, with PYTHONPATH={shown.as_posix()}, or use --runtime package"
            found.append(Finding(CODE, Place(path, 1, 1), message, advice, Severity.WARNING))
        return found

    def _worth(self, root: str, wanting: Iterable[Path]) -> tuple[int, ...]:
        users = [self._users[path] for path in wanting]
        return sum(root in user.used for user in users), sum(root in user.proven for user in users), -len(root)

    def basename(self, stubs: GrpcModule) -> str:
        """The last part of a generated module's dotted name."""
        return connect_module(stubs, self.options)[1].rpartition(".")[2]

    def is_beside(self, stubs: GrpcModule) -> bool:
        """Whether a generated module stands beside its stubs; else its import has another package than theirs."""
        return is_beside(stubs, self.options)

    def twin_basename(self, dotted: str, statement: ast.Import | ast.ImportFrom) -> str:
        """`greet_connect` for an import that names `greet_pb2_grpc`."""
        names = [dotted.rpartition(".")[2]]
        if isinstance(statement, ast.ImportFrom) and statement.module:
            names.append(statement.module.rpartition(".")[2])
        old = next((name for name in names if name.endswith("_pb2_grpc")), names[0])
        return old.removesuffix("_pb2_grpc") + "_connect"

    def absolute(self, stubs: GrpcModule, importer: Module) -> str:
        """The absolute dotted name of a generated module, seen from an importer."""
        path, dotted = connect_module(stubs, self.options)
        if stubs.made_of is not None or (stubs.path is None and self.is_beside(stubs)):
            return dotted
        if not self.is_beside(stubs) and self.options.generated is not None and self.options.generated.package:
            return dotted  # as the configuration says
        proven = self.program.proven_roots(importer)
        # Where the importer's own imports were found goes before where they might be.
        for root in sorted(self.program.import_roots(importer), key=lambda root: root not in proven):
            if path.is_relative_to(root):
                parts = path.relative_to(root).with_suffix("").parts
                return ".".join(parts)
        return dotted
