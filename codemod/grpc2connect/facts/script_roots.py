"""Where the imports of one file start, and not only those of files beside it: a script may have a path of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from os.path import join

from grpc2connect.facts.program import Program
from grpc2connect.syntax import Module
from grpc2connect.syntax.imported import imported_names


def roots_when_run(program: Program, importer: Module) -> frozenset[str]:
    """Those of `reachable_roots` that are on the import path when a file is run by itself, if it may be.

    Where the imports of its neighbours were found is not on the path of a script that needs nothing from there.
    """
    reachable, own = program.reachable_roots(importer), str(importer.path.parent)
    is_script = "__main__" in importer.text and own in reachable and not program.is_imported(importer)
    return reachable & {own, *_needed(program, importer)} if is_script else reachable


def starts_alone(program: Program, importer: Module) -> bool:
    """Whether a file can be started as a script with nothing but its own folder on the path.

    So not if it, or what it imports, imports something of the program from elsewhere. A relative import would fail.
    """
    if "__main__" not in importer.text or any(level for _, level in imported_names(importer.imports)):
        return False
    return {*_needed(program, importer)} <= {str(importer.path.parent)}


def used_roots(program: Program, importer: Module) -> frozenset[str]:
    """Where absolute imports of the module itself were found."""
    found = (program.root_of(importer, dotted) for dotted in _imported_by(importer))
    return frozenset(root for root in found if root)


def _needed(program: Program, script: Module) -> Iterator[str]:
    """Where the absolute imports of a script were found, and of what it imports."""
    waiting, seen = [script], {script}
    for module in waiting:
        yield from used_roots(program, module)
        found = [one for dotted in _imported_by(module) for one in program.modules_seen(module, dotted)]
        beside = (program.loaded(path) for path in _imported_relatively(program, module))
        new = dict.fromkeys(one for one in (*found, *beside) if one is not None and one not in seen)
        seen.update(new)
        waiting += new


def _imported_by(module: Module) -> Iterator[str]:
    """The dotted names that the absolute imports of a module may name."""
    return (dotted for dotted, level in imported_names(module.imports) if not level)


def _imported_relatively(program: Program, module: Module) -> Iterator[str]:
    """The files that the relative imports of a module may name."""
    for node in module.imports:
        if isinstance(node, ast.ImportFrom) and node.level:
            prefix = program.absolute(module, node.level, node.module) or ""
            inside = (join(prefix, alias.name) for alias in node.names)
            yield from (f"{name}.py" for name in (prefix, join(prefix, "__init__"), *inside))
