"""The byte scan finds at least the imports that the parser finds."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from grpc2connect.scan import Imported, imports

TEXTS = [
    "import a\nimport a.b as c, d\n",
    "from a import b, c as d\nfrom .a.b import (\n    c,  # ) not the end\n    d as e,\n)\n",
    "from . import a\nfrom .. import b\nfrom...c import d\nfrom.e import f\n",
    "try: import a\nexcept ImportError: from b import c\n",
    "x = 1; import a; from b import c\n",
    "if x:\n\timport a.b\n\tfrom c import *\n",
    "from a \\\n    import b, \\\n    c\nimport d, \\\n    e\n",
    "from a.b.c import(d)\nfrom ä.ö import ü\n",
    "import a # from b import c\nfrom d import e # why\n",
    "class A:\n    from b import c\n    def f(self): import d\n",
    "\fimport a\n    \n",
    "from a import (b\n, c)\nlambda: 0; import e\n",
    "from a import \\\n  (b,\n   c)\n",
]


def parsed(text: str) -> set[Imported]:
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {Imported(0, alias.name, frozenset()) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(Imported(node.level, node.module or "", frozenset(alias.name for alias in node.names)))
    return found


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("text", TEXTS)
def test_finds_what_the_parser_finds(text: str, newline: str) -> None:
    assert parsed(text) <= set(imports(text.replace("\n", newline).encode()))


def test_finds_all_in_our_own_code() -> None:
    for path in Path(__file__).parents[2].glob("codemod/**/*.py"):
        data = path.read_bytes()
        assert parsed(data.decode()) <= set(imports(data)), path


def test_looks_past_what_is_no_import() -> None:
    assert list(imports(b"important = 1\nx.import_module('y')\nreimport = 2\nthe import of it\n")) == []


def test_an_import_that_is_commented_out_is_soon_passed() -> None:
    text = "# from a import (\n" + "#     b,\n# )\n" + "# some words\n" * 40 + "import c\n"
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from grpc2connect.scan import imports; print(*imports(sys.stdin.buffer.read()))",
        ],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert repr(Imported(0, "c", frozenset())) in found.stdout
