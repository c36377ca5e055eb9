"""What is particular to notebooks: what is not followed in them, cells that come too early, and how cells are told.

Their cells are a module like others, in their order, that nothing can import. What IPython does in them besides, or
what is no Python, may use what moves all the same: then the services of the notebook stay, and it is said.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from grpc2connect.facts.facts import Facts
from grpc2connect.facts.kinds import is_grpc
from grpc2connect.facts.reference import Reference
from grpc2connect.facts.scopes import bindings, own_nodes
from grpc2connect.options import RuntimeMode
from grpc2connect.results import Entry, Finding, Place, RunResult, Severity, State
from grpc2connect.sources import Source, imports_grpc
from grpc2connect.sources.notebook import Kind, Notebook, Unread
from grpc2connect.syntax import Module
from grpc2connect.vendor import needed

CODE, ORDER, REQUIRES, GENERATES = "G2C024", "G2C026", "G2C901", "G2C910"
_INSTALL = re.compile(r"\b(?:pip3?|uv|conda|mamba)\b.*\b(?:install|add)\b.*\bgrpcio\b(?!-)")
_PROTOC = re.compile(r"--grpc_python_out\b")
_ADVICE = {
    Kind.BROKEN: "correct the cell, or exclude the notebook; until then its services stay",
    Kind.HIDDEN: "say it in plain Python, or move it by hand; until then the notebook's services stay",
    Kind.NOTEBOOK: "put what both need into a module that they import; until then that notebook's services stay",
    Kind.WRITTEN: "move what it holds by hand: it is not edited",
}


@dataclass(frozen=True)
class _Loose:
    """What is not followed in a notebook, and which names of gRPC it uses."""

    path: Path
    book: Notebook
    unread: Unread
    names: tuple[str, ...] = ()

    @property
    def place(self) -> Place:
        return Place(self.path, *self.book.lines_of(self.unread.cell, self.unread.line))

    @property
    def said(self) -> str:
        line = self.unread.text.partition("\n")[0]
        match self.unread.kind:
            case Kind.BROKEN:
                what = "this cell cannot be read as Python"
            case Kind.WRITTEN:
                return f"`{line}` is code of another program, which imports gRPC"
            case Kind.NOTEBOOK:
                return f"`{line}` is not followed, and what it runs uses gRPC"
            case _:
                what = f"`{line}` is not followed"
        return f"{what}, and uses {', '.join(f'`{name}`' for name in self.names[:3])}"


class Notebooks:
    """The notebooks among the sources of a run, and `held`, the names in modules that hold something of gRPC."""

    def __init__(
        self, sources: Mapping[Path, Source], facts: Facts, held: Mapping[Module, frozenset[str]], runtime: RuntimeMode
    ) -> None:
        self._books = {path: source.notebook for path, source in sources.items() if source.notebook is not None}
        self._facts = facts
        self._needed = needed(runtime)
        modules = {module.path: module for module in facts.program.modules() if module.path in self._books}
        self._names = {path: held.get(module, frozenset()) | self._grpc(module) for path, module in modules.items()}
        self._modules = modules
        self._loose = [one for path, book in self._books.items() for one in self._of(path, book)]

    def stay(self, references: Iterable[Reference]) -> dict[str, str]:
        """The files (paths as text) and services that stay on gRPC, because of what is not followed."""
        found: dict[str, str] = {}
        services = {service for reference in references for service in reference.units if service.name}
        for one in self._loose:
            cell = f"cell {one.unread.cell} of {one.path.name}"
            if one.unread.kind is Kind.NOTEBOOK:
                found[str(self._ran(one.path, one.unread))] = f"{cell} runs it, and what it binds there is not followed"
            elif one.unread.kind is not Kind.WRITTEN:
                reason = f"{cell}: {one.said}"
                found[str(one.path)] = reason
                words = set(re.findall(r"\w+", one.unread.text))
                for service in services:
                    if not words.isdisjoint({service.stub_class, service.servicer_class, service.adder}):
                        found[service.full_name] = reason
        return found

    def told(self, result: RunResult, around: Collection[Path]) -> RunResult:
        """`result` with the cells of what it tells of notebooks, and with what is to be said of these besides.

        Nothing is said of those `around` the given files.
        """
        if not self._books:
            return result
        loose = [one for one in self._loose if one.path not in around]
        written = [one for one in loose if one.unread.kind is Kind.WRITTEN]
        result = result.with_entries([_entry(one) for one in written])
        ledger = tuple(replace(one, text=self._in_cell(one.place, one.text)) for one in result.ledger)
        explained = tuple(
            replace(one, text=self._in_cell(one.place, one.text), entry=one.entry and self._moved(one.entry))
            for one in result.explained
        )
        more = [Finding(CODE, one.place, one.said, _ADVICE[one.unread.kind], Severity.WARNING) for one in loose]
        more += [one for path, module in self._modules.items() if path not in around for one in self._early(module)]
        more += [one for change in result.changes for one in self._commands(change.path)]
        every = (*result.findings, *more) if more else result.findings
        findings = [replace(one, message=self._in_line(one.place, one.message)) for one in every]
        if more:
            findings.sort(key=lambda one: (one.place, one.code))
        return replace(result, ledger=ledger, explained=explained, findings=tuple(findings))

    def _moved(self, entry: Entry) -> Entry:
        return replace(entry, text=self._in_cell(entry.place, entry.text))

    def _in_cell(self, place: Place, text: str) -> str:
        book = self._books.get(place.path)
        return text if book is None else f"cell {book.cell_of(place.line, place.column)[0]}: {text}"

    def _in_line(self, place: Place, text: str) -> str:
        book = self._books.get(place.path)
        if book is None:
            return text
        cell, line = book.cell_of(place.line, place.column)
        return f"cell {cell}, line {line}: {text}"

    def _grpc(self, module: Module) -> frozenset[str]:
        """The names of a notebook that are gRPC's own, or of generated modules."""
        cells = self._facts.state.cells.items()
        return frozenset(name for (node, name), values in cells if node is module.tree and any(map(is_grpc, values)))

    def _of(self, path: Path, book: Notebook) -> Iterator[_Loose]:
        names = self._names.get(path, frozenset())
        for unread in book.unread:
            imports = imports_grpc(unread.text.encode("utf-8", "replace"))
            match unread.kind:
                case Kind.WRITTEN:
                    matters = imports_grpc(book.code_of(unread.cell).encode("utf-8", "replace"))
                    used: list[str] = []
                case Kind.NOTEBOOK:
                    used = sorted(unread.names)
                    matters = bool(self._names.get(self._ran(path, unread)))
                case _:
                    used = sorted(unread.names & names) or (["grpc"] if imports else [])
                    matters = bool(used)
            if matters:
                yield _Loose(path, book, unread, tuple(used))

    def _ran(self, path: Path, unread: Unread) -> Path:
        return Path(os.path.normpath(path.parent / min(unread.names)))

    def _commands(self, path: Path) -> Iterator[Finding]:
        """What commands in the cells of a notebook that changes have to do besides; they are not edited."""
        book = self._books.get(path)
        for cell in book.cells if book is not None else ():
            for number, line in enumerate(cell.lines, 1):
                place = Place(path, *book.lines_of(cell.number, number)) if book is not None else Place(path, 1, 1)
                if _INSTALL.search(line.text):
                    advice = f"add {' '.join(repr(one) for one in self._needed)}"
                    what = "this installs grpcio, and the migrated cells need more"
                    yield Finding(REQUIRES, place, what, advice, Severity.WARNING)
                if _PROTOC.search(line.text):
                    advice = "run `grpc2connect generate` after it, or keep the Connect modules beside the notebook"
                    yield Finding(GENERATES, place, "this generates gRPC stubs, and is not edited", advice)

    def _early(self, module: Module) -> Iterator[Finding]:
        """The names of gRPC that a cell uses and a later one binds first."""
        bound: dict[str, int] = {}
        used: dict[str, ast.Name] = {}
        nodes = sorted(
            (node for node in own_nodes(module.tree) if isinstance(node, ast.expr | ast.stmt | ast.excepthandler)),
            key=lambda node: module.span(node).start,
        )
        for node in nodes:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                used.setdefault(node.id, node)
            for name in bindings(node):
                bound.setdefault(name, module.span(node).start)
        for name, node in used.items():
            start = module.span(node).start
            if name in self._names[module.path] and module.cell_start(bound.get(name, 0)) > start:
                later = module.place_at(bound[name])
                cell = self._books[module.path].cell_of(later.line, later.column)[0]
                what = f"this uses `{name}`, which cell {cell} is the first to bind"
                advice = "cells are taken to run in their order: put them into it, if this is to run from the top"
                yield Finding(ORDER, module.place(node), what, advice)


def _entry(one: _Loose) -> Entry:
    why = "it is code of another program, in a notebook, and is not edited"
    return Entry(one.place, "Notebook", CODE, State.LEFT, one.unread.text.partition("\n")[0], why=why)
