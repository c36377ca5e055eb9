"""Writes the table of connectrpc's names that new imports are looked up in: `rewrite/connectrpc_names.py`.

`python scripts/connectrpc_names.py` reads the source of the installed connectrpc, and imports nothing of it.
"""

from __future__ import annotations

import ast
import textwrap
from importlib.metadata import files
from pathlib import Path, PurePath

TABLE = Path(__file__).resolve().parents[1] / "codemod" / "grpc2connect" / "rewrite" / "connectrpc_names.py"
_HEAD = '''"""The public names of connectrpc's modules; `scripts/connectrpc_names.py` writes this file.

Source: the modules of connectrpc 0.13.
"""

from __future__ import annotations

_TEXT = """\
'''
_TAIL = '''"""
NAMES: dict[str, frozenset[str]] = {
    dotted: frozenset(names.split()) for dotted, _, names in (block.partition(":") for block in _TEXT.split("\\n\\n"))
}
"""The names by the dotted name of their module."""
'''


def text() -> str:
    """The table for the installed connectrpc, as the module that holds it."""
    found = {_dotted(file): names(Path(str(file.locate()))) for file in files("connectrpc") or () if _is_public(file)}
    blocks = [textwrap.fill(f"{dotted}: {' '.join(sorted(found[dotted]))}", 118) for dotted in sorted(found)]
    return _HEAD + "\n\n".join(blocks) + "\n" + _TAIL


def names(path: Path) -> set[str]:
    """The public names that a module binds at its top: what it says in `__all__`, else all but private ones."""
    tree = ast.parse(path.read_bytes())
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(one, ast.Name) and one.id == "__all__" for one in node.targets
        ):
            return set(ast.literal_eval(node.value))
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found.update(one.id for one in node.targets if isinstance(one, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return {name for name in found if not name.startswith("_")}


def _is_public(file: PurePath) -> bool:
    parts = file.with_suffix("").parts
    return (
        file.suffix == ".py"
        and parts[0] == "connectrpc"
        and not any(part.startswith("_") and part != "__init__" for part in parts)
    )


def _dotted(file: PurePath) -> str:
    return ".".join(part for part in file.with_suffix("").parts if part != "__init__")


if __name__ == "__main__":
    TABLE.write_text(text(), encoding="utf-8")
