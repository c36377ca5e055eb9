"""A notebook as a program and back: what a change leaves alone, and how it is spelled."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grpc2connect.sources.notebook import Kind, NotebookProblem, read, searched

LINES = st.sampled_from(
    [
        *("old(1)", "x = 'é < ü'  # \U0001f600", "", "if old:\n    %cd ..\n    old()", "%pylab", "!pip install 'x"),
        *("files = !ls \\\n  -l", "%timeit -n 3 old(2)", "text = '''\n%no\n!magic\n'''", "y = (8\n% 3)", "old?"),
        *("await old();", "%run lib/tool.py", "pip install thing", "t = r'\\n\\t'", "?old", "    "),
        "async for i in old():\n    pass",
    ]
)  # fmt: skip
CODE = st.lists(LINES, max_size=6).map("\n".join)
CELLS = st.lists(
    st.one_of(
        CODE.map(lambda text: ("code", text)),
        CODE.map(lambda text: ("code", f"%%time\n{text}")),
        st.sampled_from([("markdown", "old `old`"), ("code", "%%bash\nold"), ("code", "old old"), ("raw", "old")]),
    ),
    max_size=6,
)


def notebook(cells: list[tuple[str, str]], *, lists: bool, version: int = 4) -> dict[str, Any]:
    outputs = [{"data": {"image/png": "aGVsbG8=\n", "text/plain": ["old\n", 'a}"]']}}]
    made = [
        {
            "cell_type": kind,
            "outputs": outputs,
            ("source" if version == 4 else "input"): text.splitlines(keepends=True) if lists else text,
            "metadata": {"old": 1.50},
        }
        for kind, text in cells
    ]
    return {"cells": made} if version == 4 else {"worksheets": [{"cells": made}]}


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(CELLS, st.booleans(), st.booleans(), st.sampled_from([None, 1, 2]), st.sampled_from([3, 4]), st.booleans())
def test_only_the_strings_of_changed_lines_change(
    cells: list[tuple[str, str]], lists: bool, ascii_only: bool, indent: int | None, version: int, crlf: bool
) -> None:
    text = json.dumps(notebook(cells, lists=lists, version=version), indent=indent, ensure_ascii=ascii_only) + "\n"
    text = text.replace("<", "\\u003c").replace("\n", "\r\n" if crlf else "\n")
    found = read(text)
    assert found.back(found.text) == text
    new = found.back(found.text.replace("old(", "renamed("))
    # Not: cells of other languages, and those that cannot be read.
    follows = {cell.number for cell in found.cells if cell.python.text}
    expected, key = json.loads(text), "source" if version == 4 else "input"
    for number, cell in enumerate((expected if version == 4 else expected["worksheets"][0])["cells"], 1):
        if number in follows:
            code = cell[key]
            cell[key] = (
                [line.replace("old(", "renamed(") for line in code] if lists else code.replace("old(", "renamed(")
            )
    assert json.loads(new) == expected
    if lists and indent is not None:  # a line of the file for each line of code
        old_rows, new_rows = text.split("\n"), new.split("\n")
        assert len(old_rows) == len(new_rows)
        both = zip(old_rows, new_rows, strict=True)
        assert all(new_row in (row, row.replace("old(", "renamed(")) for row, new_row in both)


def test_lines_come_and_go_in_the_form_of_the_list() -> None:
    text = '{"cells": [{"cell_type": "code", "source": ["a = 1\\n",\t"b = 2\\n",\n "c = 3"], "x": [ ]}]}'
    found = read(text)
    for old, new, source in (
        ("a = 1\n", "", '["b = 2\\n",\n "c = 3"]'),
        ("c = 3\n", "", '["a = 1\\n",\t"b = 2"]'),
        ("b = 2\n", "b = 2\nd\n", '["a = 1\\n",\t"b = 2\\n",\t"d\\n",\t"c = 3"]'),
        ("a = 1\nb = 2\nc = 3\n", "", "[]"),
    ):
        start, end = text.index('["a'), text.index(', "x"')
        assert found.back(found.text.replace(old, new)) == text[:start] + source + text[end:], old


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nothing", "line 1 is no JSON"),
        ('{"cells": {}}', "it has no list of cells"),
        ("[]", "it has no list of cells"),
        ("[" * 100_000, "nested too deeply"),
        ('{"cells": [{"cell_type": "code", "source": [1]}]}', "the source of a cell is no text"),
    ],
)
def test_what_is_no_notebook_is_said(text: str, problem: str) -> None:
    with pytest.raises(NotebookProblem, match=problem):
        read(text)
    assert searched(text.encode()) == text.encode()


def test_a_change_that_would_not_come_back_is_refused() -> None:
    found = read(json.dumps(notebook([("code", "x = 1\n%cd ..\n%time x = 2"), ("code", "y")], lists=True)))
    for old, new, problem in (
        ("x = 1", "x = (", "would not compile"),
        ("get_ipython()", "other()", "a line of IPython would change: %cd .."),
        ("x = 2", "x = [\n2]", "would not be read"),
        ("#%g2c cell 4\n", "", "beyond a cell"),
        ("#%g2c cell 2\n", "", "beyond a cell"),
    ):
        if old in found.text:
            with pytest.raises(NotebookProblem, match=problem):
                found.back(found.text.replace(old, new))


def test_what_is_not_followed_is_known() -> None:
    cells = (
        "%%writefile a.py\nx",
        "%%mystery\nprint(a)",
        "%%sql\nselect a",
        "%run a.ipynb",
        "a b",
        "%env A=1",
        "!cat {a}",
    )
    found = read(json.dumps(notebook([("code", text) for text in cells], lists=False)))
    assert [(one.cell, one.kind, sorted(one.names)) for one in found.unread] == [
        (1, Kind.WRITTEN, []),
        (2, Kind.HIDDEN, ["a", "print"]),
        (4, Kind.NOTEBOOK, ["a.ipynb"]),
        (5, Kind.BROKEN, ["a", "b"]),
        (6, Kind.HIDDEN, ["A"]),
        (7, Kind.HIDDEN, ["a"]),
    ]
    ast.parse(found.text)


@pytest.mark.parametrize(
    ("line", "imported"),
    [
        ("%run client.py", "from .client import *"),
        ("%run -i 'lib/client.py' --port 1", "from .lib.client import *"),
        ("%run ../client", "from ..client import *"),
        ("%run -m shop.client", "from shop.client import *"),
        ("%run other.ipynb", "get_ipython()"),
        ("%run my-client.py", "get_ipython()"),
    ],
)
def test_what_a_run_of_a_script_binds(line: str, imported: str) -> None:
    found = read(json.dumps(notebook([("code", line)], lists=True)))
    assert found.text.split("\n")[1] == f"{imported}  #%g2c 1.1"
    assert found.back(found.text) == found.json
    assert searched(found.json.encode()).decode() == {"%run other.ipynb": "from .other import *"}.get(
        line, imported if "import" in imported else line
    )


def test_places_lead_there_and_back() -> None:
    text = json.dumps(notebook([("code", "a\n%time b('é' + c)\n\nd"), ("code", "x")], lists=True), indent=1)
    found = read(text)
    rows, code = text.split("\n"), found.text.split("\n")
    for name, cell, line in (("a", 1, 1), ("b", 1, 2), ("c)", 1, 2), ("d", 1, 4), ("x", 2, 1)):
        number = next(i for i, row in enumerate(code, 1) if name in row and "cell" not in row)
        column = code[number - 1].index(name) + 1
        place = found.place(number, column)
        assert rows[place[0] - 1][place[1] - 1 :].startswith(name)
        assert found.cell_of(*place) == (cell, line)
        assert found.row_of(*place) == number
        assert found.lines_of(cell, line)[0] == place[0]
