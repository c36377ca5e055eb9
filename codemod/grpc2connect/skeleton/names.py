"""Which names are loud, and whether there is one in a piece of code."""

from __future__ import annotations

import _ast as ast
import builtins

from grpc2connect.skeleton.tree import OWN, children, is_own, last_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Scopes = Mapping[str, tuple[frozenset[str], frozenset[str]]]
    """By the dotted name of a scope ("" for the module): the names that are loud there, and those that are watched."""

_CHANGES = frozenset({
    "append", "add", "appendleft", "put", "put_nowait", "insert", "setdefault", "extend", "update", "setattr",
})  # fmt: skip
"""What puts something into an object: the one before the dot, or the first argument."""
_BY_TEXT = frozenset({"cast", "exec", "eval", "compile", "patch", "import_module", "__import__", "object", "multiple"})
"""Functions whose texts may be code, or name it, with blanks in them."""
_PLAIN = frozenset({"__name__", "__doc__", "__file__", "__str__", "__repr__", "__class__", "__len__", "__main__"})
_MODELLED = frozenset({"super", "getattr", "isinstance", "property", "staticmethod", "classmethod"})
"""Builtins that mean something to the engine where nothing else is bound to their names."""
_CODE = ("_pb2", "grpc.", "Servicer", "Stub")
_APART = {code: " " for code in range(128) if not (chr(code).isalnum() or chr(code) == "_")}


class Names:
    """The loud names of a program.

    `spelled` are loud anywhere, `attributes` as those of `self`, `watched` attributes where they are bound. `rpcs` are
    those of the spelled ones that belong to RPCs alone, `tops` the names of the program's files and folders.
    """

    __slots__ = ("attributes", "rpcs", "spelled", "tops", "watched")

    def __init__(
        self,
        spelled: Iterable[str],
        rpcs: Iterable[str],
        attributes: Iterable[str],
        watched: Iterable[str],
        tops: Iterable[str],
    ) -> None:
        self.spelled = frozenset(spelled)
        self.rpcs = frozenset(rpcs)
        self.attributes = frozenset(attributes)
        self.watched = frozenset(watched)
        self.tops = frozenset(tops)


class Scope:
    """A module, class or function: what is loud in it, and in those around it."""

    __slots__ = ("_scopes", "keeps_returns", "kind", "name", "names", "reads", "writes")

    def __init__(self, names: Names, scopes: Scopes, name: str = "", kind: str = "module", around: Scope | None = None):
        reads, writes = scopes.get(name, (frozenset(), frozenset()))
        self.names = names
        self.name = name
        self.kind = kind
        self.reads: frozenset[str] = reads if around is None else reads | around.reads
        self.writes: frozenset[str] = writes if around is None else writes | around.writes
        self.keeps_returns = False
        self._scopes = scopes

    def inner(self, name: str, kind: str) -> Scope:
        """The scope of a class or function in this one."""
        return Scope(self.names, self._scopes, f"{self.name}.{name}", kind, self)

    def spells(self, name: str) -> bool:
        """Whether a name is loud wherever it stands."""
        return name in self.names.spelled or "grpc" in name or "_pb2" in name

    def binds(self, name: str) -> bool:
        """Whether it is loud to bind a name here."""
        if name in self.reads or name in self.writes or name in OWN or self.spells(name):
            return True
        if (name.startswith("__") and name not in _PLAIN) or name in _MODELLED:
            return True
        if self.kind != "class" and hasattr(builtins, name):
            return True
        if self.kind == "class" and name in self.names.attributes:
            return True
        return self.kind != "function" and name in self.names.watched

    def hears(self, node: ast.AST, *, annotation: bool = False) -> bool:
        """Whether there is a loud name in a node; in an `annotation`, texts are code."""
        match node:
            case ast.Name(id=name):
                return self._name(node, name)
            case ast.Attribute():
                return self._attribute(node, annotation=annotation)
            case ast.Constant(value=text):
                return isinstance(text, str) and self._says(text, annotation=annotation)
            case ast.Call():
                if self._is_changing(node):
                    return True
                annotation = annotation or last_name(node.func) in _BY_TEXT
            case ast.Subscript(value=container):
                if not isinstance(node.ctx, ast.Load) and self._is_watched(container):
                    return True
            case ast.arg(arg=name):
                if self.spells(name) or name in self.reads or name in self.writes or name in _MODELLED:
                    return True
                annotation = True
            case ast.AnnAssign():
                annotation = True
            case ast.keyword(arg=name):
                if name is not None and self.spells(name):
                    return True
            case _:
                bound = getattr(node, "rest" if isinstance(node, ast.MatchMapping) else "name", None)
                if isinstance(bound, str) and self.binds(bound):
                    return True
        return any(self.hears(child, annotation=annotation) for child in children(node))

    def hears_any(self, node: ast.AST, but: tuple[str, ...]) -> bool:
        """Whether there is a loud name in a node, some of its fields left aside."""
        if "name" not in but and isinstance(name := getattr(node, "name", None), str) and self.binds(name):
            return True
        return any(self.hears(child) for child in children(node, but))

    def _name(self, node: ast.Name, name: str) -> bool:
        if name in OWN:
            return True
        if isinstance(node.ctx, ast.Load):
            return name in self.reads or self.spells(name)
        return self.binds(name)

    def _attribute(self, node: ast.Attribute, *, annotation: bool) -> bool:
        name, own = node.attr, is_own(node.value)
        if self.spells(name):
            return True
        if not isinstance(node.ctx, ast.Load) and (name in self.names.attributes or name in self.names.watched):
            return True
        if own:
            return name in self.names.attributes
        return self.hears(node.value, annotation=annotation)

    def _is_changing(self, node: ast.Call) -> bool:
        if last_name(node.func) not in _CHANGES:
            return False
        changed = [node.func.value] if isinstance(node.func, ast.Attribute) else node.args[:1]
        return any(map(self._is_watched, changed))

    def _is_watched(self, node: ast.AST) -> bool:
        """Whether there is a watched name in what is changed."""
        if isinstance(node, ast.Name) and node.id in self.writes:
            return True
        if isinstance(node, ast.Attribute) and node.attr in self.names.watched:
            return True
        return any(map(self._is_watched, children(node)))

    def _says(self, text: str, *, annotation: bool) -> bool:
        """Whether a text may name what is loud."""
        if any(mark in text for mark in _CODE) or text.strip().lower() == "grpc":
            return True
        if not annotation and len(text.split()) > 1:
            return False
        loud = (self.reads, self.writes, self.names.attributes, self.names.watched)
        return any(self.spells(word) or any(word in names for names in loud) for word in words(text))


def words(text: str) -> list[str]:
    """What could be names in a text: as Python has them, and as a search over bytes finds them."""
    if text.isascii():
        return text.translate(_APART).split()
    found = "".join(one if one.isalnum() or one == "_" else " " for one in text).split()
    return found + "".join(one if one.isascii() and (one.isalnum() or one == "_") else " " for one in text).split()
