"""New imports beside those that an earlier run has brought: one statement for each module, in order, and none twice."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterator, Sequence

from grpc2connect.rules_api.edits import Edit
from grpc2connect.rules_api.names import RUNTIME
from grpc2connect.syntax import Module, Span

_Line = Callable[[str, list[str]], str]


class Merged:
    """Collects the names that statements of a file take, which import from the same modules already."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._names: dict[ast.ImportFrom, list[str]] = {}
        self._beside: set[int] = set()

    def takes(self, block: Sequence[ast.stmt], line: str) -> bool:
        """Whether a statement of a block has what a new line would import, or takes it."""
        for new in ast.parse(line).body:
            if isinstance(new, ast.Import):
                there = [one for one in block if isinstance(one, ast.Import)]
                if not all(any(_same(name, other) for one in there for other in one.names) for name in new.names):
                    return False
            elif isinstance(new, ast.ImportFrom) and not self._joined(block, new):
                return False
        return True

    def _joined(self, block: Sequence[ast.stmt], new: ast.ImportFrom) -> bool:
        there = [
            one
            for one in block
            if isinstance(one, ast.ImportFrom) and (one.level, one.module) == (new.level, new.module)
        ]
        had = {_spelled(alias) for one in there for alias in one.names}
        wanted = [name for name in map(_spelled, new.names) if name not in had]
        if not wanted:
            return True
        into = next((one for one in there if _is_brought(one) and self._is_free(one)), None)
        if into is None or "*" in wanted:
            return False
        self._names.setdefault(into, []).extend(wanted)
        return True

    def _is_free(self, statement: ast.ImportFrom) -> bool:
        """Whether a statement is written anew without a loss: it has its lines for itself, and names in order."""
        module, span = self._module, self._module.span(statement)
        first, last = module.line_span(module.line_of(span.start)), module.line_span(module.line_of(span.end))
        names = [_spelled(alias) for alias in statement.names]
        around = module.text[first.start : span.start] + module.text[span.end : last.end]
        return not around.strip() and not module.comment_in(span) and names == sorted(names) and "*" not in names

    def run(self, is_new: Callable[[str], bool]) -> list[ast.ImportFrom]:
        """The statements among the first imports at the module's top that import what a migration brings."""
        found: list[ast.ImportFrom] = []
        imports = ast.Import | ast.ImportFrom
        if self._module.cells is not None:  # what another cell imports may come too late
            return found
        for node in self._module.tree.body:
            ours = isinstance(node, ast.ImportFrom) and not node.level and is_new(node.module or "")
            if ours and isinstance(node, ast.ImportFrom) and self._is_free(node):
                found.append(node)
            elif not isinstance(node, imports) and (found or hasattr(node, "body")):
                break
        return found

    def following(self, statement: ast.stmt) -> list[ast.stmt]:
        """The imports that follow a statement, one after the other."""
        if self._module.cells is not None:
            return []
        block = self._module.block(statement)
        after = block[block.index(statement) + 1 :]
        imports = itertools.takewhile(lambda one: isinstance(one, ast.Import | ast.ImportFrom), after)
        return list(imports)

    def placed(self, run: Sequence[ast.ImportFrom], lines: dict[str, str]) -> Iterator[Edit]:
        """The edits that put new lines among the statements of a run, in the order of modules."""
        newline = self._module.newline
        for index, statement in enumerate(run):
            before = run[index - 1].module or "" if index else ""
            here = [line for dotted, line in lines.items() if before < dotted < (statement.module or "")]
            if here:
                start = self._module.span(statement).start
                self._beside.add(start)
                yield Edit(Span(start, start), (newline.join(here) + newline,))
        last = [line for dotted, line in lines.items() if dotted > (run[-1].module or "")]
        if last:
            end = self._module.span(run[-1]).end
            self._beside.add(end)
            yield Edit(Span(end, end), (newline + newline.join(last),))

    def edits(self, line: _Line, run: Sequence[ast.ImportFrom], unused: frozenset[str]) -> Iterator[Edit]:
        """The edits of the statements that take names, and of those of a run that lose some; `line` writes one.

        A statement goes when it has nothing left to import and nothing is put beside it.
        """
        losing = [one for one in run if unused.intersection(map(_local, one.names))]
        for statement in dict.fromkeys([*self._names, *losing]):
            dotted = "." * statement.level + (statement.module or "")
            kept = [_spelled(alias) for alias in statement.names if statement not in run or _local(alias) not in unused]
            every = sorted({*self._names.get(statement, ()), *kept})
            span = self._module.span(statement)
            if every:
                yield Edit(span, (line(dotted, every),))
            elif self._beside.isdisjoint(span):
                yield Edit(Span(span.start, self._module.line_span(self._module.line_of(span.end)).end), ())


def _is_brought(statement: ast.ImportFrom) -> bool:
    """Whether a statement imports only what a migration brings; those of the project's own stay as they are written."""
    parts = (statement.module or "").split(".")
    if parts[0] == "connectrpc" or RUNTIME in parts or parts[-1].endswith("_connect"):
        return True
    return all(alias.name.endswith("_connect") for alias in statement.names)


def _local(alias: ast.alias) -> str:
    return alias.asname or alias.name


def _same(one: ast.alias, other: ast.alias) -> bool:
    return (one.name, one.asname) == (other.name, other.asname)


def _spelled(alias: ast.alias) -> str:
    return alias.name if alias.asname is None else f"{alias.name} as {alias.asname}"
