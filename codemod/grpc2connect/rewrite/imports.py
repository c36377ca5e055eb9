"""Imports by need: what edits introduced is imported once, in the right place; what nothing uses any more goes.

Runtime and connectrpc names are imported where the module's `import grpc` stands: at its top, or where it must do
without gRPC (`lazily.py`). A generated class is imported beside the import that it replaces, in the same form (module
or name, relative or absolute, alias).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from grpc2connect.facts.facts import Facts
from grpc2connect.rewrite.generated_imports import GeneratedImports
from grpc2connect.rewrite.generated_names import GeneratedNames
from grpc2connect.rewrite.import_lines import by_module, from_line, indent_of, is_absolute, names_in
from grpc2connect.rewrite.lazily import Anchor, LazyImports
from grpc2connect.rewrite.merging import Merged
from grpc2connect.rewrite.place import Places
from grpc2connect.rewrite.search_path import after_change
from grpc2connect.rewrite.whose import is_grpcio, is_ours
from grpc2connect.rules_api.edits import Edit
from grpc2connect.rules_api.names import RUNTIME, Generated, GeneratedModule, GeneratedPath, Name, NameIn, Symbol
from grpc2connect.syntax import Module, Span

_ALL = "*"


@dataclass
class Imports:
    """Collects the names that a file's edits introduce and makes the import edits for them.

    `free` are names that the file's own imports give up, `avoided` those that new ones would have had but for such.
    `unused` are names that an earlier run has brought, and the edits leave without a use.
    `first` is where the first of the edits stands that need an import: cells of a notebook run one after the other, so
    there it has to be imported by then. `uses` are the places of each name. `grpc` is what `import grpc` binds, where
    that is at the top and stays: a name of gRPC's is then taken from there.
    """

    facts: Facts
    module: Module
    places: Places
    free: frozenset[str] = frozenset()
    symbols: dict[Symbol, str] = field(default_factory=dict)
    avoided: set[str] = field(default_factory=set)
    unused: frozenset[str] = frozenset()
    first: int = 0
    uses: dict[Symbol, list[int]] = field(default_factory=dict)
    grpc: str = ""

    def __post_init__(self) -> None:
        self._taken = {name for node in self.module.nodes for name in names_in(node)} - self.free
        self._imported = self._existing()
        self._names = GeneratedNames(self.facts, self.module, self.places)
        self.generated = GeneratedImports(self.facts, self.module, self.places, self._names, self._is_taken)

    def _existing(self) -> dict[tuple[str, str], tuple[str, int]]:
        """Names that the file imports at its top already: `(module, name)` to the local name, and where it does."""
        found: dict[tuple[str, str], tuple[str, int]] = {}
        for node in self.module.tree.body:
            if isinstance(node, ast.ImportFrom):
                dotted = "." * node.level + (node.module or "")
                for alias in node.names:
                    found.setdefault((dotted, alias.name), (alias.asname or alias.name, self.module.span(node).start))
        return found

    def name(self, piece: Name) -> str:
        """The text by which a new name is used in this file."""
        match piece:
            case Symbol():
                return self._symbol(piece)
            case NameIn(other, inner):
                return Imports(self.facts, other, self.places).name(inner)
            case GeneratedPath(stubs, dotted):
                if not self.places.is_beside(stubs):
                    return self.places.absolute(stubs, self.module)
                return ".".join([*dotted.split(".")[:-1], self.places.basename(stubs)])
            case GeneratedModule(stubs, like):
                return self.generated.of_module(stubs, like)
            case Generated():
                return self.generated.of_class(piece)

    def _symbol(self, symbol: Symbol) -> str:
        if symbol.name == _ALL:
            if (self._dotted(symbol), _ALL) not in self._imported:
                self.symbols[symbol] = _ALL
            return ""
        if symbol.module == RUNTIME and self.facts.patches.is_qualified(self.module, symbol.name):
            return f"{self._runtime_module()}.{symbol.name}"
        if symbol.name == RUNTIME:
            return self._runtime_module()
        if self.grpc and symbol.module == "grpc":
            return f"{self.grpc}.{symbol.name}"
        if symbol not in self.symbols:
            existing, at = self._imported.get((self._dotted(symbol), symbol.name), ("", 0))
            if existing and not self._comes_late(at):
                return existing
            other = symbol.name in self.symbols.values()  # gRPC's of that name, beside the runtime's
            free = existing or not (other or self._is_taken(symbol.name))
            self.symbols[symbol] = (existing or symbol.name) if free else symbol.alias
        return self.symbols[symbol]

    def _comes_late(self, offset: int) -> bool:
        """Whether what stands there has not been run when the first of the edits needs it."""
        return self.module.cells is not None and offset > self.first

    def _is_taken(self, name: str) -> bool:
        if name in self._taken:
            self.avoided.add(name)
        return name in self._taken

    def _runtime_module(self) -> str:
        """The runtime itself, where a test replaces an attribute of it."""
        dotted = self.places.runtime(self.module)
        imported = (node for node in self.module.tree.body if isinstance(node, ast.Import))
        if not any(alias.name == dotted for node in imported for alias in node.names):
            self.generated.loose.setdefault("", {})[dotted] = None
        return dotted

    def _dotted(self, symbol: Symbol) -> str:
        package, dot, rest = symbol.module.partition(".")
        if package == RUNTIME:
            return self.places.runtime(self.module) + dot + rest
        return symbol.module

    @property
    def introduced(self) -> frozenset[str]:
        """The names that are new in the file, other than those of a star import."""
        return frozenset(self.symbols.values()) - {_ALL}

    def edits(self) -> list[Edit]:
        """The edits that add the imports."""
        statements: dict[ast.AST, dict[ast.alias, list[str]]] = {}
        for alias, names in self.generated.twins.items():
            statements.setdefault(self.module.parents[alias], {})[alias] = list(names)
        merged = Merged(self.module)
        found = [self._twin_edit(statement, aliases, merged) for statement, aliases in statements.items()]
        placed = merged.run(self._is_new)
        apart = self._apart()
        found.extend(edit for anchor, names in apart.items() for edit in self._apart_edits(anchor, names, merged))
        elsewhere = frozenset().union(*apart.values()) if apart else frozenset()
        lines = {
            dotted: self._line(dotted, names)
            for dotted, names in self._wanted(elsewhere).items()
            if not merged.takes(placed, from_line(dotted, names))
        }
        if placed:
            found.extend(merged.placed(placed, lines))
        elif lines:
            found.append(self._top_edit(list(lines.values())))
        return [*(edit for edit in found if edit.pieces), *merged.edits(self._line, placed, self.unused)]

    def there(self) -> frozenset[str]:
        """The names of the runtime and of connectrpc that the file imports at its top already."""
        return frozenset(local for (dotted, _), (local, _) in self._imported.items() if self._is_new(dotted))

    def _is_new(self, dotted: str) -> bool:
        """Whether a module is one that migrated code gets its names from."""
        return f"{dotted}.".startswith((f"{self.places.runtime(self.module)}.", "connectrpc."))

    def _twin_edit(self, statement: ast.AST, aliases: dict[ast.alias, list[str]], merged: Merged) -> Edit:
        assert isinstance(statement, ast.Import | ast.ImportFrom)
        lines = [self._twin_text(alias, statement, names) for alias, names in aliases.items() if names == [""]]
        named = sorted({name for names in aliases.values() for name in names if name})
        if named:
            lines.append(self._twin_text(next(iter(aliases)), statement, named))
        indent = indent_of(self.module, statement)
        following = merged.following(statement)
        lines = [line for line in lines if not merged.takes(following, line)]
        start = f"{self.module.newline}{indent}"
        # After the whole line, so that a comment behind the old import stays with it.
        stop = self.module.end_of_line(self.module.span(statement).end)
        return Edit(Span(stop, stop), tuple(start + line.replace("\n", self.module.newline) for line in lines))

    def _twin_text(self, alias: ast.alias, statement: ast.Import | ast.ImportFrom, names: list[str]) -> str:
        base = self.places.twin_basename(alias.name, statement)
        if isinstance(statement, ast.Import):
            prefix = alias.name.rpartition(".")[0]
            dotted = f"{prefix}.{base}" if prefix else base
            binding = self._names.of_import(alias, base)
            return f"import {dotted}" if binding == dotted else f"import {dotted} as {binding}"
        dots = "." * statement.level
        if names == [""]:
            binding = self._names.of_import(alias, base)
            suffix = "" if binding == base else f" as {binding}"
            return f"from {dots}{statement.module or ''} import {base}{suffix}"
        prefix = (statement.module or "").rpartition(".")[0]
        dotted = f"{prefix}.{base}" if prefix else base
        dotted = statement.module or "" if self.generated.from_switch(alias) else dotted
        return from_line(f"{dots}{dotted}", sorted(names), indent_of(self.module, statement))

    def _wanted(self, elsewhere: frozenset[tuple[str, str]]) -> dict[str, list[str]]:
        """What is new at the top: names as an import spells them, by the module that has them, in order."""
        wanted = [self._spelled(symbol) for symbol in self.symbols]
        wanted.extend((dotted, name) for dotted, names in self.generated.loose.items() for name in names)
        return by_module(name for name in wanted if name not in elsewhere)

    def _spelled(self, symbol: Symbol) -> tuple[str, str]:
        """The module that has a name, and the name as an import of this file spells it."""
        if symbol not in self.symbols:
            return "", self.places.runtime(self.module)
        local = self.symbols[symbol]
        return self._dotted(symbol), symbol.name if local == symbol.name else f"{symbol.name} as {local}"

    def _apart(self) -> dict[Anchor, frozenset[tuple[str, str]]]:
        """What is not imported at the top, since the module can be imported without it, by where it is."""
        lazy = LazyImports(self.module, partial(is_ours, self.facts), partial(is_grpcio, self.facts))
        anchors: dict[tuple[str, str], set[Anchor | None]] = {}
        for symbol, offsets in self.uses.items():
            qualified = symbol.module == RUNTIME and self.places.runtime(self.module) in self.generated.loose.get(
                "", {}
            )
            if (symbol in self.symbols or qualified) and symbol.name != _ALL:
                anchors.setdefault(self._spelled(symbol), set()).update(map(lazy.anchor, offsets))
        found: dict[Anchor, set[tuple[str, str]]] = {}
        for name, places in anchors.items():
            for anchor in places:
                if anchor is not None and None not in places:
                    found.setdefault(anchor, set()).add(name)
        return {anchor: frozenset(names) for anchor, names in found.items()}

    def _apart_edits(self, anchor: Anchor, names: frozenset[tuple[str, str]], merged: Merged) -> Iterator[Edit]:
        statement, newline = anchor.statement, self.module.newline
        following = [] if anchor.before else merged.following(statement)
        lines = [self._line(dotted, found) for dotted, found in by_module(names).items()]
        lines = [line for line in lines if not merged.takes(following, line)]
        indent = indent_of(self.module, statement)
        lines = [line.replace(newline, newline + indent) for line in lines]
        if anchor.before:
            start = self.module.line_span(self.module.line_of(self.module.span(statement).start)).start
            yield Edit(Span(start, start), tuple(f"{indent}{line}{newline}" for line in lines))
        else:
            stop = self.module.end_of_line(self.module.span(statement).end)
            yield Edit(Span(stop, stop), tuple(f"{newline}{indent}{line}" for line in lines))

    def _line(self, dotted: str, names: list[str]) -> str:
        return from_line(dotted, names).replace("\n", self.module.newline)

    def _top_edit(self, lines: list[str]) -> Edit:
        newline = self.module.newline
        anchor = self._anchor()
        if self.module.cells is None and (self.places.is_vendored or self.generated.loose):
            anchor = after_change(self.module, anchor, [at for offsets in self.uses.values() for at in offsets])
        if anchor is None:
            start = self.module.cell_start(self.first)
            return Edit(Span(start, start), (newline.join(lines) + newline,))
        stop = self.module.end_of_line(self.module.span(anchor).end)
        return Edit(Span(stop, stop), (newline + newline.join(lines),))

    def _anchor(self) -> ast.stmt | None:
        """The statement after which new imports go: the file's `import grpc`, else its last import at the top.

        What stands before `import grpc` may be there to act before it, as environment variables that gRPC reads.
        Relative imports that follow other imports at once stay the last ones.
        """
        fallback: ast.stmt | None = None
        at_the_top = True
        before: ast.stmt | None = None
        for node in self.module.tree.body:
            joined, before = isinstance(before, ast.Import | ast.ImportFrom), node
            relative = isinstance(node, ast.ImportFrom) and node.level > 0
            if joined and relative and is_absolute(fallback) and not self._is_grpc_s(node):
                continue
            if self._comes_late(self.module.span(node).start):
                break
            if isinstance(node, ast.Import | ast.ImportFrom):
                if self._is_grpc_s(node):
                    return node
                fallback = node if at_the_top or self.module.cells else fallback
            elif fallback is None and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                fallback = node
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not self.module.cells:
                break
            elif not isinstance(node, ast.Expr | ast.Try | ast.If) and fallback is not None:
                at_the_top = False
        return fallback

    def _is_grpc_s(self, node: ast.stmt) -> bool:
        """Whether a statement imports something of grpcio."""
        names = node.names if isinstance(node, ast.Import | ast.ImportFrom) else []
        return any(is_grpcio(self.facts, alias) for alias in names)


__all__ = ["Imports"]
