"""The parts that need no editor: positions, comments, edits, and a process that fails or is not wanted any more."""

from __future__ import annotations

import ast
import asyncio
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol.types import Position, PositionEncodingKind

from grpc2connect.editor.analyst import Analyst, AnalystFailed
from grpc2connect.editor.diagnostics import Links
from grpc2connect.editor.edits import text_edits
from grpc2connect.editor.hover import of as hover_of
from grpc2connect.editor.positions import Text
from grpc2connect.editor.questions import Answer, Question, Rule, What
from grpc2connect.editor.suppressing import comment
from grpc2connect.results import Entry, Explained, Place, RunResult, State, Step
from tests.editor.conftest import Shell

TEXTS = st.text(st.sampled_from("a\n\r\t\x0c\u2028é\U0001f600"), max_size=30)


@given(TEXTS, st.sampled_from(list(PositionEncodingKind)))
@settings(max_examples=60, deadline=None)
def test_positions_go_there_and_back(text: str, encoding: PositionEncodingKind) -> None:
    counted = Text(text, encoding)
    for offset in range(len(text)):
        if text[offset] not in "\r\n":
            assert counted.character(counted.position(offset)) == offset


def test_columns_are_of_utf_16_and_lines_those_of_python() -> None:
    text = Text("a\x0c\u2028\n\U0001f600x\r\ny")
    assert text.position(text.offset(2, 2)) == Position(1, 2)
    assert text.position(text.offset(3, 1)) == Position(2, 0)
    assert Text(text.text, PositionEncodingKind.Utf8).position(text.offset(2, 2)) == Position(1, 4)


@given(TEXTS, TEXTS)
@settings(max_examples=60, deadline=None)
def test_edits_make_the_other_text(before: str, after: str) -> None:
    text, made = Text(before), before
    for edit in reversed(text_edits(before, after, PositionEncodingKind.Utf16)):
        start, end = (_offset(text, one) for one in (edit.range.start, edit.range.end))
        made = made[:start] + edit.new_text + made[end:]
    assert made == after


def _offset(text: Text, position: Position) -> int:
    assert position.character == 0 or position == text.position(len(text.text))
    return text.starts[position.line] if position.character == 0 else len(text.text)


@pytest.mark.parametrize(
    ("source", "line", "made"),
    [
        ("f(x)\n", 1, "f(x)  # g2c: ignore[C] why\n"),
        ("if a:\n\tf(x)  # said\n", 2, "if a:\n\t# g2c: ignore[C] why\n\tf(x)  # said\n"),
        ("f(\r\n  '''x\r\n  ''')\r\n", 2, "# g2c: ignore[C] why\r\nf(\r\n  '''x\r\n  ''')\r\n"),
        ("a = 1 + \\\n  f(x)", 2, "# g2c: ignore[C] why\na = 1 + \\\n  f(x)"),
    ],
)
def test_a_comment_stands_where_it_is_one(source: str, line: int, made: str) -> None:
    placed = comment(Text(source), line, "C", "why")
    assert placed is not None
    offset, words = placed
    assert source[:offset] + words + source[offset:] == made
    assert ast.dump(ast.parse(made)) == ast.dump(ast.parse(source))
    assert comment(Text("f(\n"), 1, "C", "why") is None


def test_a_hover_has_links_to_the_facts(tmp_path: Path) -> None:
    place = Place(tmp_path / "a.py", 1, 1)
    entry = Entry(place, "Call", "G2C501", State.LEFT, "a.B")
    step = Step("`a` is *it*", Place(tmp_path / "b.py", 7, 1))
    told = Explained(place, "a.B", "a call of B", entry, (step,), "because of it", (), "do that")
    result = RunResult(tmp_path, explained=(told,))
    known = Answer((result,), frozenset({place.path}), {"G2C501": Rule("A call.")})
    found = hover_of(result, place.path, known, Text("a.B()\n"), Position(0, 1), Links("https://x/r"), plain=False)
    assert found is not None
    said = found.contents.value  # type: ignore[union-attr]
    assert f"- [b.py:7]({(tmp_path / 'b.py').as_uri()}#L7) `a` is \\*it\\*" in said
    assert "**outcome** left" in said and "**better** do that" in said
    assert "[G2C501](https://x/r/calls.md#g2c501-g2c502-g2c503): A call." in said
    assert hover_of(result, place.path, known, Text("a.B()\n"), Position(1, 0), Links(), plain=False) is None


async def test_a_process_that_fails_costs_a_message_and_an_unwanted_one_ends(tmp_path: Path) -> None:
    question = Question(What.LOOK, {})
    with pytest.raises(AnalystFailed, match="exit code 3"):
        await Analyst([sys.executable, "-c", "raise SystemExit(3)"], tmp_path).ask(question)
    mark = tmp_path / "started"
    waits = f"import pathlib, time; pathlib.Path({str(mark)!r}).touch(); time.sleep(60)"
    analyst = Analyst([sys.executable, "-c", waits], tmp_path)
    asked = asyncio.create_task(analyst.ask(question))
    async with asyncio.timeout(30):
        while not mark.exists():
            await asyncio.sleep(0.01)
        process = analyst._process
        assert process is not None
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert await process.wait() != 0


def test_without_pygls_one_line_says_what_to_install(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygls", None)
    done = shell("lsp")
    assert done.code == 2
    assert done.err.count("\n") == 1 and "pip install 'pygls>=2,<3'" in done.err
