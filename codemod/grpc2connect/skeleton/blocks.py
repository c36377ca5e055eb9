"""What is kept of the blocks of a file, and the text of it."""

from __future__ import annotations

import _ast as ast
import sys

from grpc2connect.skeleton.names import Names, Scope, words
from grpc2connect.skeleton.tree import BLOCKS, OWN, arguments, below, children, parsed, yields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from grpc2connect.skeleton.names import Scopes
    from grpc2connect.skeleton.tree import Definition

_DEPTH = 80
_PLACED = ast.stmt | ast.expr | ast.excepthandler | ast.arg | ast.keyword | ast.alias | ast.pattern


class NoSkeleton(Exception):
    """The file is of a kind of which nothing is said."""


def digest_of(data: bytes, names: Names, scopes: Scopes, holders: Iterable[str], fixtures: Iterable[str]) -> bytes:
    """A digest of a file's skeleton; raises what `skeleton` raises."""
    try:
        from _blake2 import blake2b
    except ImportError:
        from hashlib import blake2b
    made: bytes = blake2b(skeleton(data, names, scopes, holders, fixtures), digest_size=16).digest()
    return made


def skeleton(data: bytes, names: Names, scopes: Scopes, holders: Iterable[str], fixtures: Iterable[str]) -> bytes:
    """What of a file can matter, as text.

    `names` are the program's, `scopes` the file's; `holders` and `fixtures` let the engine read a file that imports
    them. Raises `NoSkeleton`, or what `compile` raises.
    """
    if b"g2c:" in data or data.startswith(b"\xef\xbb\xbf") or b"\r" in data or b"\f" in data:
        raise NoSkeleton
    if any(b"coding" in line and b"utf-8" not in line for line in data.split(b"\n", 2)[:2]):
        raise NoSkeleton
    text = data.decode("utf-8")
    kept = _Kept(data)
    parts = kept.block(parsed(data).body, Scope(names, scopes))
    if any(f".{name}" in text for name in names.rpcs):
        # What is called may come from a module that is not seen, as long as one is imported.
        parts.extend(_imports(data))
    if not kept.imports_grpc:
        parts.extend(_telling(text, data, names, frozenset(holders), frozenset(fixtures)))
    return repr(parts).encode("utf-8", "surrogatepass")


def _imports(data: bytes) -> Iterator[str]:
    """The imports of a file, but those of Python's own modules."""
    from grpc2connect.scan import imports

    for one in sorted(imports(data), key=repr):
        if one.level or one.dotted.partition(".")[0] not in sys.stdlib_module_names:
            yield repr((one.level, one.dotted, sorted(one.names)))


def _telling(
    text: str, data: bytes, names: Names, holders: frozenset[str], fixtures: frozenset[str]
) -> Iterator[list[str]]:
    """What lets the engine read a file that imports nothing of gRPC's: words of its text, comments included."""
    from grpc2connect.scan import imports

    told = names.spelled | fixtures
    yield sorted(word for word in set(words(text)) if word in told or "grpc" in word or "_pb2" in word)
    yield [line for line in text.split("\n") if "grpc" in line and ("import" in line or "from" in line)]
    yield sorted(
        repr((one.level, one.dotted, sorted(one.names)))
        for one in imports(data)
        if one.level or one.last("") in holders
    )


class _Field(bytes):
    """A field of a class: kept where the class is."""


class _Kept:
    def __init__(self, data: bytes) -> None:
        self.imports_grpc = False
        self._data = data
        self._starts = [0]
        for line in data.split(b"\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)

    def block(self, body: list[ast.stmt], scope: Scope, depth: int = 0) -> list[object]:
        """What is kept of some statements."""
        if depth > _DEPTH:
            raise NoSkeleton
        return [part for node in body for part in self._statement(node, scope, depth + 1)]

    def _statement(self, node: ast.stmt, scope: Scope, depth: int) -> Iterator[object]:
        match node:
            case ast.Import() | ast.ImportFrom():
                yield from self._import(node, scope)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from self._function(node, scope, depth)
            case ast.ClassDef():
                yield from self._class(node, scope, depth)
            case ast.Match():
                yield from self._match(node, scope, depth)
            case ast.Expr(value=ast.Constant()):
                return
            case ast.Global() | ast.Nonlocal():
                yield self._text(node)
            case _ if hasattr(node, "body"):
                yield from self._compound(node, scope, depth)
            case _ if scope.hears(node) or (scope.keeps_returns and (isinstance(node, ast.Return) or yields([node]))):
                yield self._text(node, _free(node, scope))
            case ast.AnnAssign() | ast.Assign() if scope.kind == "class":
                yield _Field(self._text(node))

    def _compound(self, node: ast.stmt, scope: Scope, depth: int) -> Iterator[object]:
        blocks = [self.block(getattr(node, field, []), scope, depth) for field in BLOCKS]
        handlers: list[tuple[bytes | None, list[object]]] = []
        for handler in getattr(node, "handlers", ()):
            heard = scope.hears_any(handler, ("body",))
            handlers.append((self._header(handler) if heard else None, self.block(handler.body, scope, depth)))
        heard = scope.hears_any(node, (*BLOCKS, "handlers"))
        if heard or any(blocks) or any(header is not None or inner for header, inner in handlers):
            yield (type(node).__name__, self._header(node) if heard else "", blocks, handlers)

    def _match(self, node: ast.Match, scope: Scope, depth: int) -> Iterator[object]:
        cases = [self.block(case.body, scope, depth) for case in node.cases]
        heard = scope.hears(node.subject) or any(scope.hears_any(case, ("body",)) for case in node.cases)
        if heard or any(cases):
            headers = [[self._text(part) for part in children(case, ("body",))] for case in node.cases]
            yield ("Match", self._text(node.subject), headers, cases)

    def _function(self, node: Definition, scope: Scope, depth: int) -> Iterator[object]:
        inner = scope.inner(node.name, "function")
        watched = scope.binds(node.name)
        promises = node.returns is not None and inner.hears(node.returns, annotation=True)
        inner.keeps_returns = watched or promises
        named = [argument.arg for argument in arguments(node)]
        others = named[1:] if scope.kind == "class" and named[:1] and named[0] in OWN else named
        heard = watched or promises or any(name in OWN for name in others)
        heard = heard or inner.hears_any(node, ("body", "returns", "name"))
        body = self.block(node.body, inner, depth)
        if body or heard:
            does = not all(isinstance(step, ast.Expr | ast.Pass | ast.Raise) for step in node.body)
            yield (type(node).__name__, self._header(node), yields(node.body), does, body)

    def _class(self, node: ast.ClassDef, scope: Scope, depth: int) -> Iterator[object]:
        heard = scope.binds(node.name) or scope.hears_any(node, ("body", "name"))
        body = self.block(node.body, scope.inner(node.name, "class"), depth)
        if heard or not all(isinstance(part, _Field) for part in body):
            yield ("ClassDef", self._header(node), body)

    def _import(self, node: ast.Import | ast.ImportFrom, scope: Scope) -> Iterator[object]:
        names = [alias.name for alias in node.names]
        bound = [(alias.asname or alias.name).partition(".")[0] for alias in node.names]
        modules, relative = names, False
        if isinstance(node, ast.ImportFrom):
            modules, relative = [node.module or ""], node.level > 0
        tops = [module.partition(".")[0] for module in modules]
        parts = [part for name in (*names, *modules) for part in name.split(".")]
        if (
            relative
            or "*" in names
            or not scope.names.tops.isdisjoint(tops)
            or any(map(scope.spells, parts))
            or any(map(scope.binds, bound))
        ):
            text = self._text(node)
            self.imports_grpc = self.imports_grpc or b"_pb2_grpc" in text or b"grpc" in text.partition(b"\n")[0]
            yield text

    def _text(self, node: ast.AST, without: Iterable[ast.AST] = ()) -> bytes:
        """The text of a node, with the kinds of some constants in the place of theirs."""
        start, end = self._span(node)
        parts = []
        for one in sorted(without, key=self._span):
            first, last = self._span(one)
            parts += [self._data[start:first], type(getattr(one, "value", None)).__name__.encode()]
            start = last
        return b"\0".join([*parts, self._data[start:end]])

    def _header(self, node: ast.AST) -> bytes:
        """The text of what stands before a block, without comments and docstrings after it."""
        start, end = self._span(node)[0], self._span(node)[0]
        for part in below(node, (*BLOCKS, "handlers")):
            if isinstance(part, _PLACED):
                first, last = self._span(part)
                start, end = min(start, first), max(end, last)
        return str(getattr(node, "name", "")).encode() + b"|" + self._data[start:end]

    def _span(self, node: ast.AST) -> tuple[int, int]:
        assert isinstance(node, _PLACED)
        last, end = node.end_lineno or 0, node.end_col_offset or 0
        return self._starts[node.lineno - 1] + node.col_offset, self._starts[last - 1] + end


def _free(node: ast.stmt, scope: Scope) -> list[ast.AST]:
    """The constants among the arguments of an RPC that is called by a statement: of them no reference speaks."""
    called = getattr(node, "value", None)
    if isinstance(called, ast.Await):
        called = called.value
    if not isinstance(called, ast.Call) or not isinstance(called.func, ast.Attribute):
        return []
    if called.func.attr not in scope.names.rpcs:
        return []
    given = [one for one in (*called.args, *(keyword.value for keyword in called.keywords)) if not scope.hears(one)]
    return [part for one in given for part in _constants(one)]


def _constants(node: ast.AST) -> Iterator[ast.AST]:
    """The constants in an expression but for `None`, which may stand for anything, and the parts of texts."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str | bytes):
        yield node
    elif not isinstance(node, ast.JoinedStr):
        for child in children(node):
            yield from _constants(child)
