"""Imports that edits leave without a use: they go, and what stands in for them takes their place."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from grpc2connect.facts.facts import Facts
from grpc2connect.facts.imported_names import is_taken_from
from grpc2connect.rewrite.proof import DIRECTIVE
from grpc2connect.rewrite.render import Renderer
from grpc2connect.rewrite.used_names import used_in
from grpc2connect.rewrite.whose import is_grpcio, is_ours
from grpc2connect.rules_api.edits import Edit, delete_statement
from grpc2connect.syntax import Module, Span

_Import = ast.Import | ast.ImportFrom


def drop_unused(facts: Facts, before: Module, after: Module, free: frozenset[str]) -> tuple[str, frozenset[ast.AST]]:
    """Remove the gRPC imports that the edits left without a use, and return the text and them.

    Those that had none before go with the last one of grpcio's that had: only they would have the file ask for it.
    What a name of `free` is used for is new. Where a Connect module was imported beside a name that goes, it takes its
    place: `from api import greet_pb2, greet_pb2_grpc` becomes one statement, not two.
    """
    used_before, used_after = used_in(before), used_in(after) - free
    idle = _idle(facts, before, used_before, used_after)
    gone: list[ast.alias] = []
    edits: list[Edit] = []
    new = {(_shape(node), index): node for node, index in _numbered(after)}
    for node, index in _numbered(before):
        dropped = [one for one in node.names if one in idle or _is_dropped(facts, before, one, used_before, used_after)]
        if not dropped:
            continue
        twin = new.get((_shape(node), index))
        if twin is None:
            continue
        gone.extend(dropped)
        keep = [copy for alias, copy in zip(node.names, twin.names, strict=True) if alias not in dropped]
        edits.extend(_in_their_place(after, twin, keep) or [_without(after, twin, keep)])
    if not edits:
        return after.text, frozenset()
    return Renderer(after.text, edits, str).all(), frozenset(gone)


def _idle(facts: Facts, module: Module, before: frozenset[str], after: frozenset[str]) -> frozenset[ast.alias]:
    """The imports of grpcio's names that had no use, where no other import of such has one any more.

    Not where others may import the name from here, nor where somebody says beside it that it is meant.
    """
    nodes = [node for node in module.nodes if isinstance(node, _Import)]
    own = [(node, alias) for node in nodes for alias in node.names if is_grpcio(facts, alias) and alias.name != "*"]
    used = [alias for _, alias in own if (alias.asname or alias.name).partition(".")[0] in before]
    if not used or not all(_is_dropped(facts, module, alias, before, after) for alias in used):
        return frozenset()
    found = []
    for node, alias in own:
        said = module.comment_in(_lines(module, node)) or module.path.name == "__init__.py"
        at_the_top = module.parents[node] is module.tree and alias not in used
        if at_the_top and not said and not is_taken_from(facts.program, module, alias.asname or alias.name):
            found.append(alias)
    return frozenset(found)


def _is_dropped(facts: Facts, module: Module, alias: ast.alias, before: frozenset[str], after: frozenset[str]) -> bool:
    if alias.name == "*":
        return False
    full = alias.asname or alias.name
    top = full.partition(".")[0]  # which `import grpc.aio` binds
    gone = (full in before and full not in after) or (top in before and top not in after)
    named = is_grpcio(facts, alias) and top != full and top in after  # of others the Connect module's import binds it
    needed = named and not _is_bound_by_another(module, alias, top)
    return is_ours(facts, alias) and gone and not needed


def _is_bound_by_another(module: Module, alias: ast.alias, name: str) -> bool:
    """Whether another import statement binds a name by itself."""
    imports = (node for node in module.nodes if isinstance(node, _Import))
    return any(one is not alias and (one.asname or one.name) == name for node in imports for one in node.names)


def _shape(node: _Import) -> str:
    return ast.dump(node)


def _numbered(module: Module) -> Iterable[tuple[_Import, int]]:
    """Import statements with a running number per identical text."""
    counts: dict[str, int] = {}
    statements = [node for node in module.nodes if isinstance(node, _Import)]
    for node in sorted(statements, key=lambda found: found.lineno):
        shape = _shape(node)
        yield node, counts.setdefault(shape, 0)
        counts[shape] += 1


def _without(module: Module, node: _Import, keep: list[ast.alias]) -> Edit:
    if not keep:
        return _delete_import(module, node)
    first, last = module.span(node.names[0]).start, module.span(node.names[-1]).end
    pieces: list[str | Span] = []
    for alias in keep:
        if pieces:
            pieces.append(", ")
        pieces.append(module.span(alias))
    in_lines = "\n" in module.text[first:last] and module.text[module.span(node).end - 1] == ")"  # else by backslashes
    if in_lines or module.comment_in(Span(first, last)):
        return _drop_lines(module, node, keep)
    return Edit(Span(first, last), tuple(pieces))


def _in_their_place(module: Module, node: _Import, keep: list[ast.alias]) -> list[Edit]:
    """Have names of new statements in the place of those that go, sorted if all were; nothing where that cannot be."""
    beside = _brought_beside(module, node) if keep else []
    brought = [module.source(alias) for one in beside for alias in one.names]
    gone = len(node.names) - len(keep)
    span = Span(module.span(node.names[0]).start, module.span(node.names[-1]).end)
    in_one_line = "\n" not in module.text[slice(*span)] and not module.comment_in(span)
    if not brought or len(brought) > gone or (len(brought) < gone and not in_one_line):
        return []
    had = list(map(module.source, node.names))
    names = [
        text if alias in keep else brought.pop(0)
        for alias, text in zip(node.names, had, strict=True)
        if alias in keep or brought
    ]
    if had == sorted(had) and not module.comment_in(span):
        names.sort()
    found = [delete_statement(module, one) for one in beside]
    if in_one_line:
        return [Edit(span, (", ".join(names),)), *found]
    found += [
        Edit(module.span(alias), (name,))
        for alias, text, name in zip(node.names, had, names, strict=True)
        if text != name
    ]
    return found


def _brought_beside(module: Module, node: _Import) -> list[_Import]:
    """The statements right behind an import that take nothing but Connect modules, from where that takes its names."""
    found: list[_Import] = []
    block = module.block(node) if module.cells is None else []
    for one in block[block.index(node) + 1 :] if block else ():
        if not isinstance(one, _Import) or _from(one) != _from(node):
            break
        if not all(alias.name.endswith("_connect") for alias in one.names) or module.comment_in(_lines(module, one)):
            break
        found.append(one)
    return found


def _from(node: _Import) -> tuple[int, str | None] | None:
    return (node.level, node.module) if isinstance(node, ast.ImportFrom) else None


def _drop_lines(module: Module, node: _Import, keep: list[ast.alias]) -> Edit:
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


def _delete_import(module: Module, node: _Import) -> Edit:
    parent, block = module.parents[node], module.block(node)
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


def _lines(module: Module, node: ast.stmt) -> Span:
    """The lines that a statement is on."""
    start, end = module.span(node)
    return Span(module.line_span(module.line_of(start)).start, module.line_span(module.line_of(end)).end)
