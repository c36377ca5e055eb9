"""One file: from the plan's decisions to its new text, imports settled and proved."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from grpc2connect.facts.facts import Facts
from grpc2connect.facts.scopes import bindings
from grpc2connect.plan import Decision
from grpc2connect.results import Region
from grpc2connect.rewrite.imports import Imports
from grpc2connect.rewrite.long_lines import wrapped
from grpc2connect.rewrite.lookup import Brought, brought
from grpc2connect.rewrite.place import Places
from grpc2connect.rewrite.proof import ProofFailed, prove
from grpc2connect.rewrite.regions import regions
from grpc2connect.rewrite.render import Conflict, Renderer
from grpc2connect.rewrite.type_comments import retired
from grpc2connect.rewrite.unused import drop_unused
from grpc2connect.rewrite.used_names import used_in
from grpc2connect.rules_api.edits import Edit
from grpc2connect.rules_api.names import Generated, GeneratedModule, GeneratedPath, NameIn, Symbol
from grpc2connect.schema import GrpcModule
from grpc2connect.syntax import Module, Span


@dataclass(frozen=True)
class Rewritten:
    """A file's new text, its imports that are gone and that are new, the modules it needs, and whence it came."""

    text: str
    gone: frozenset[ast.AST]
    stubs: tuple[GrpcModule, ...]
    brought: tuple[Brought, ...] = ()
    regions: tuple[Region, ...] = ()


def rewrite(facts: Facts, module: Module, decisions: Sequence[Decision], places: Places) -> Rewritten:
    """The new text of a file.

    Raises `ProofFailed` where the edits conflict or the result does not hold.
    """
    done, imported = _rewrite(facts, module, decisions, places)
    return replace(done, regions=regions(module, decisions, [*imported, *map(module.span, done.gone)]))


def _rewrite(
    facts: Facts, module: Module, decisions: Sequence[Decision], places: Places
) -> tuple[Rewritten, list[Span]]:
    """The new text, and the spans that new imports touch."""
    edits = [edit for decision in decisions for edit in decision.outcome.edits]
    if not edits:
        return Rewritten(module.text, frozenset(), ()), []
    edits += retired(module, edits)
    imports = Imports(facts, module, places)
    first = _rewritten(imports, edits)
    if grpc := _staying(imports, first[0].text):
        imports = Imports(facts, module, places, grpc=grpc)
        first = _rewritten(imports, edits)
    # What tests replace in it they name as it was found to be named without looking further.
    if not imports.avoided or facts.patches.look_into(module):
        return first
    free = _given_up(module, first[0].gone) & imports.avoided
    return _rewritten(Imports(facts, module, places, free, grpc=grpc), edits) if free else first


def _staying(imports: Imports, after: str) -> str:
    """The name of `grpc` itself, where the new text has it imported at its top anyway, beside a new name of gRPC's."""
    module = imports.module
    if module.cells is not None or not any(symbol.module == "grpc" for symbol in imports.symbols):
        return ""
    stay = {alias.asname or alias.name for alias in _grpc_itself(ast.parse(after))}
    known = [alias for alias in _grpc_itself(module.tree) if (alias.asname or alias.name) in stay]
    return next((alias.asname or alias.name for alias in known if not imports.facts.rebound(module, alias)), "")


def _grpc_itself(tree: ast.Module) -> Iterable[ast.alias]:
    imports = (node for node in tree.body if isinstance(node, ast.Import))
    return (alias for node in imports for alias in node.names if alias.name == "grpc")


def _rewritten(imports: Imports, edits: list[Edit]) -> tuple[Rewritten, list[Span]]:
    module = imports.module
    imports.first = min((edit.span.start for edit in edits if any(map(_is_name, edit.pieces))), default=0)
    for edit in edits:
        for piece in edit.pieces:
            if isinstance(piece, Symbol):
                imports.uses.setdefault(piece, []).append(edit.span.start)
    try:
        # Names are settled in a first pass, since import lines depend on them.
        Renderer(module.text, edits, imports.name).all()
        imported = imports.edits()
        text = Renderer(module.text, [*edits, *imported], imports.name).all()
    except Conflict as conflict:
        raise ProofFailed(str(conflict)) from None
    introduced = imports.introduced
    after = prove(module, text, introduced)
    brought_before = imports.there()
    if brought_before and (unused := (brought_before & used_in(module)) - used_in(after)):
        imports.unused = unused
        imported = imports.edits()
        text = Renderer(module.text, [*edits, *imported], imports.name).all()
        after = prove(module, text, introduced)
    text, gone = drop_unused(imports.facts, module, after, imports.free)
    if gone:
        after = prove(module, text, introduced)
    if (shorter := wrapped(module, after)) != text:
        text = shorter
        after = prove(module, text, introduced)
    pieces = [
        piece
        for edit in edits
        for piece in edit.pieces
        if isinstance(piece, Generated | GeneratedModule | GeneratedPath)
    ]
    stubs = tuple(({id(piece.stubs): piece.stubs for piece in pieces} | imports.generated.chosen).values())
    return Rewritten(text, gone, stubs, brought(module, after)), [edit.span for edit in imported]


def _is_name(piece: object) -> bool:
    return isinstance(piece, Symbol | NameIn | Generated | GeneratedModule | GeneratedPath)


def _given_up(module: Module, gone: frozenset[ast.AST]) -> frozenset[str]:
    """The names that nothing but imports that go has bound."""
    names = Counter(alias.asname or alias.name for alias in gone if isinstance(alias, ast.alias))
    bound: Counter[str] = Counter()
    for node in module.nodes if names else ():
        if isinstance(node, ast.Name):
            bound.update([node.id] if not isinstance(node.ctx, ast.Load) else [])
        else:
            bound.update([node.arg] if isinstance(node, ast.arg) else bindings(node))
    return frozenset(name for name, count in names.items() if bound[name] == count)
