"""One file: from the plan's decisions to its new text, imports settled and proved."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from grpc2connect.facts.facts import Facts
from grpc2connect.facts.imported_names import is_taken_from
from grpc2connect.facts.scopes import bindings
from grpc2connect.plan import Decision
from grpc2connect.results import Region
from grpc2connect.rewrite.imports import Imports, is_grpcio, is_ours
from grpc2connect.rewrite.long_lines import wrapped
from grpc2connect.rewrite.lookup import Brought, brought
from grpc2connect.rewrite.place import Places
from grpc2connect.rewrite.proof import DIRECTIVE, ProofFailed, prove
from grpc2connect.rewrite.regions import regions
from grpc2connect.rewrite.render import Conflict, Renderer
from grpc2connect.rewrite.type_comments import retired
from grpc2connect.rules_api.edits import Edit, delete_statement
from grpc2connect.rules_api.names import Generated, GeneratedModule, GeneratedPath, NameIn, Symbol
from grpc2connect.schema import GrpcModule
from grpc2connect.syntax import Module, Span
from grpc2connect.syntax.names import dotted_text, last_name

_TYPE_COMMENT = re.compile(r"#\s*type:\s*(?!ignore\b)(.+)")
_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_GENERIC = re.compile(r"_*[A-Z]\w*|dict|list|set|frozenset|tuple|type|deque|defaultdict")
"""What a type is written with that has others in it; what is taken out of `settings["grpc"]` is no type."""


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
    if brought_before and (unused := (brought_before & _used(module)) - _used(after)):
        imports.unused = unused
        imported = imports.edits()
        text = Renderer(module.text, [*edits, *imported], imports.name).all()
        after = prove(module, text, introduced)
    text, gone = _drop_unused(imports.facts, module, after, imports.free)
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
    stubs = tuple({id(piece.stubs): piece.stubs for piece in pieces}.values())
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


def _drop_unused(facts: Facts, before: Module, after: Module, free: frozenset[str]) -> tuple[str, frozenset[ast.AST]]:
    """Remove the gRPC imports that the edits left without a use.

    Those that had none before go with the last one of grpcio's that had: only they would have the file ask for it.
    What a name of `free` is used for is new.
    """
    used_before, used_after = _used(before), _used(after) - free
    idle = _idle(facts, before, used_before, used_after)
    gone: list[ast.alias] = []
    edits: list[Edit] = []
    new = {(_shape(node), index): node for node, index in _numbered(after)}
    for node, index in _numbered(before):
        dropped = [one for one in node.names if one in idle or _is_dropped(facts, one, used_before, used_after)]
        if not dropped:
            continue
        twin = new.get((_shape(node), index))
        if twin is None:
            continue
        gone.extend(dropped)
        keep = [copy for alias, copy in zip(node.names, twin.names, strict=True) if alias not in dropped]
        edits.append(_without(after, twin, keep))
    if not edits:
        return after.text, frozenset()
    return Renderer(after.text, edits, str).all(), frozenset(gone)


def _idle(facts: Facts, module: Module, before: frozenset[str], after: frozenset[str]) -> frozenset[ast.alias]:
    """The imports of grpcio's names that had no use, where no other import of such has one any more.

    Not where others may import the name from here, nor where somebody says beside it that it is meant.
    """
    nodes = [node for node in module.nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    own = [(node, alias) for node in nodes for alias in node.names if is_grpcio(facts, alias) and alias.name != "*"]
    used = [alias for _, alias in own if (alias.asname or alias.name).partition(".")[0] in before]
    if not used or not all(_is_dropped(facts, alias, before, after) for alias in used):
        return frozenset()
    found = []
    for node, alias in own:
        start, end = module.span(node)
        lines = Span(module.line_span(module.line_of(start)).start, module.line_span(module.line_of(end)).end)
        said = module.comment_in(lines) or module.path.name == "__init__.py"
        at_the_top = module.parents[node] is module.tree and alias not in used
        if at_the_top and not said and not is_taken_from(facts.program, module, alias.asname or alias.name):
            found.append(alias)
    return frozenset(found)


def _is_dropped(facts: Facts, alias: ast.alias, before: frozenset[str], after: frozenset[str]) -> bool:
    if alias.name == "*":
        return False
    full = alias.asname or alias.name
    top = full.partition(".")[0]  # which `import grpc.aio` binds
    gone = (full in before and full not in after) or (top in before and top not in after)
    return is_ours(facts, alias) and gone


def is_used(module: Module, alias: ast.alias) -> bool:
    """Whether a module uses a name that it imports, or passes on by a star."""
    return alias.name == "*" or (alias.asname or alias.name).partition(".")[0] in _used(module)


def _used(module: Module) -> frozenset[str]:
    """Names and dotted prefixes that a module uses (strings that may be annotations or `__all__` included)."""
    found: set[str] = set()
    for comment in module.comments:
        if typed := _TYPE_COMMENT.match(comment.text):
            for dotted in _NAME.findall(typed[1]):
                found.update(dotted.rsplit(".", count)[0] for count in range(dotted.count(".") + 1))
    for node in module.nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            text = dotted_text(node)
            if text:
                found.update(text.rsplit(".", count)[0] for count in range(text.count(".") + 1))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _may_name(module, node):
            found.update(_strings(node.value))
    return frozenset(found)


def _may_name(module: Module, node: ast.Constant) -> bool:
    """Whether a string may stand for a name: in an annotation, a type expression or `__all__`; elsewhere it is data."""
    child: ast.AST = node
    for parent in module.ancestors(node):
        match parent:
            case ast.arg():
                return True
            case ast.Subscript(value=value) if _GENERIC.fullmatch(last_name(value)):
                return True
            case ast.AnnAssign(annotation=annotation):
                return annotation is child or module.source(annotation).endswith("TypeAlias")
            case ast.FunctionDef(returns=returns) | ast.AsyncFunctionDef(returns=returns):
                return returns is child
            case ast.Call(func=func):
                name = last_name(func)
                return name in ("cast", "TypeVar", "NewType", "ForwardRef", "extend")
            case ast.Assign() | ast.AugAssign():
                targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
                return any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)
            case ast.stmt():
                return False
        child = parent
    return False


def _strings(text: str) -> set[str]:
    try:
        parsed = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    if not isinstance(parsed.body, ast.Name | ast.Attribute | ast.Subscript | ast.BinOp):
        return set()
    return {node.id for node in ast.walk(parsed) if isinstance(node, ast.Name)}


def _shape(node: ast.Import | ast.ImportFrom) -> str:
    return ast.dump(node)


def _numbered(module: Module) -> Iterable[tuple[ast.Import | ast.ImportFrom, int]]:
    """Import statements with a running number per identical text."""
    counts: dict[str, int] = {}
    statements = [node for node in module.nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    for node in sorted(statements, key=lambda found: found.lineno):
        shape = _shape(node)
        yield node, counts.setdefault(shape, 0)
        counts[shape] += 1


def _without(module: Module, node: ast.Import | ast.ImportFrom, keep: list[ast.alias]) -> Edit:
    if not keep:
        return _delete_import(module, node)
    first, last = module.span(node.names[0]).start, module.span(node.names[-1]).end
    pieces: list[str | Span] = []
    for alias in keep:
        if pieces:
            pieces.append(", ")
        pieces.append(module.span(alias))
    if not module.comment_in(Span(first, last)):
        if "\n" in module.text[first:last]:
            return _drop_lines(module, node, keep)
        return Edit(Span(first, last), tuple(pieces))
    return _drop_lines(module, node, keep)


def _drop_lines(module: Module, node: ast.Import | ast.ImportFrom, keep: list[ast.alias]) -> Edit:
    """Drop names from a parenthesised import that has a name per line: only their own text goes."""
    first, last = module.span(node.names[0]).start, module.span(node.names[-1]).end
    behind = module.find(",", last, module.span(node).end)  # which goes with the last name
    last = behind + 1 if behind >= 0 else last
    pieces: list[str | Span] = []
    position = first
    for index, alias in enumerate(node.names):
        start, end = module.span(alias)
        comma = module.find(",", end, module.span(node.names[index + 1]).start if index + 1 < len(node.names) else last)
        stop = comma + 1 if comma >= 0 else end
        if alias in keep:
            pieces.append(Span(position, stop))
        else:
            if not any(later in keep for later in node.names[index:]):
                start = position + len(module.text[position:start].rstrip())
            pieces.append(Span(position, start))
            while stop < last and module.text[stop] in " \t":
                stop += 1
            if module.text[stop : stop + 1] in "\r\n" and not module.text[position:start].strip(" \t\r\n"):
                stop += 2 if module.text.startswith("\r\n", stop) else 1
                while stop < last and module.text[stop] in " \t":
                    stop += 1
        position = stop
    return Edit(Span(first, last), tuple(pieces))


def _delete_import(module: Module, node: ast.Import | ast.ImportFrom) -> Edit:
    parent = module.parents[node]
    bodies = [getattr(parent, name, []) for name in ("body", "orelse", "finalbody")]
    block = next((body for body in bodies if isinstance(body, list) and node in body), [])
    start, end = module.span(node)
    alone = len(block) == 1 and not isinstance(parent, ast.Module)
    if module.comment_in(Span(start, end)) and (whole := _own_lines(module, Span(start, end))) is not None:
        kept = [one.text for one in module.comments if whole.start <= one.span.start < whole.end]
        kept = [text for text in kept if not DIRECTIVE.match(text)] + (["pass"] if alone else [])
        if not kept:
            return Edit(Span(module.line_span(module.line_of(start)).start, _next_line(module, whole.end)), ())
        indent = module.text[module.line_span(module.line_of(start)).start : start]
        return Edit(whole, (f"{module.newline}{indent}".join(kept),))
    if alone:
        return Edit(Span(start, end), ("pass",))
    line = module.line_span(module.line_of(end))
    behind = next((comment for comment in module.comments if end <= comment.span.start < line.end), None)
    if behind is not None and DIRECTIVE.match(behind.text):
        return Edit(Span(module.line_span(module.line_of(start)).start, line.end), ())
    return _with_blank_lines(module, delete_statement(module, node))


def _with_blank_lines(module: Module, edit: Edit) -> Edit:
    """An edit that drops whole lines, and with them the blank ones that would be too many then."""
    text, (start, end) = module.text, edit.span
    if edit.pieces or not end > start or not text[:end].endswith("\n"):
        return edit
    before = text[:start].splitlines()
    blank = len(before) - len("\n".join(before).rstrip().splitlines())
    opens = not before or before[len(before) - blank - 1].rstrip().endswith(":")
    while (blank or opens) and end < len(text):
        following = _next_line(module, end)
        if text[end:following].strip():
            break
        end, blank = following, max(blank - 1, 0)
    return Edit(Span(start, end), edit.pieces)


def _next_line(module: Module, offset: int) -> int:
    return module.line_span(module.line_of(offset)).end


def _own_lines(module: Module, span: Span) -> Span | None:
    """A statement's span to the end of its last line; None if there is more than comments on its lines."""
    first, last = module.line_span(module.line_of(span.start)), module.line_span(module.line_of(span.end))
    behind = module.text[span.end : last.end].rstrip("\r\n")
    if module.text[first.start : span.start].strip() or behind.strip()[:1] not in ("", "#"):
        return None
    return Span(span.start, span.end + len(behind))
