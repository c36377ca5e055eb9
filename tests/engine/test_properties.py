"""Properties: whatever is strewn into the fixtures' programs, the result holds and the rest stays."""

from __future__ import annotations

import ast
import io
import tempfile
import tokenize
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.rules.projects import Project, files, golden

Tree = dict[str, bytes]
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=6)
TREES = {folder.name: files(folder / "before") for folder in golden() if folder.name != "G2C501-layout"}


def free_lines(text: str) -> tuple[set[int], set[int]]:
    """The numbers of the lines before which a comment may stand, and of those behind which one may."""
    inside: set[int] = set()
    commented: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.STRING:
            inside.update(range(token.start[0], token.end[0]))
        elif token.type == tokenize.COMMENT:
            commented.add(token.start[0])
    count = len(text.splitlines())
    before = {number for number in range(1, count + 1) if number - 1 not in inside}
    return before, {number for number in range(1, count + 1) if number not in inside | commented}


def statement_lines(text: str) -> dict[int, int]:
    """The numbers of the lines before which a statement may stand, and the columns it must stand at."""
    found = {}
    for node in ast.walk(ast.parse(text)):
        for block in ("body", "orelse", "finalbody"):
            statements = getattr(node, block, None)
            for child in statements[1:] if isinstance(statements, list) else ():
                future = isinstance(child, ast.ImportFrom) and child.module == "__future__"
                if not future and not getattr(child, "decorator_list", ()):
                    line = text.splitlines()[child.lineno - 1]
                    if not line[: child.col_offset].strip():
                        found[child.lineno] = child.col_offset
    return found


@st.composite
def strewn(draw: st.DrawFn) -> tuple[Tree, list[str]]:
    """A fixture's files with comments, blank lines and statements strewn in, and the texts of what was added."""
    name = draw(st.sampled_from(sorted(TREES)))
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    added: list[str] = []
    tree = {}
    for path, content in TREES[name].items():
        if not path.endswith(".py"):
            tree[path] = content
            continue
        text = content.decode()
        before, behind = free_lines(text)
        statements = statement_lines(text)
        lines = []
        for number, line in enumerate(text.splitlines(), 1):
            dice = draw(st.integers(0, 23))
            mark = f"{path} {number}"
            if dice == 0 and number in before:
                added.append(f"# {mark} {draw(WORDS)}")
                lines.append(" " * draw(st.integers(0, 9)) + added[-1])
            elif dice == 1 and number in statements:
                added.append(f"extra_{len(added)} = {mark!r}")
                lines.append(" " * statements[number] + added[-1])
            elif dice == 2 and number in before:
                lines.extend([""] * draw(st.integers(1, 3)))
            elif dice == 3 and number in behind and line.strip() and not line.endswith("\\"):
                added.append(f"# {mark} {draw(WORDS)}")
                line += " " * draw(st.integers(0, 4)) + added[-1]
            lines.append(line)
        tree[path] = (newline.join(lines) + draw(st.sampled_from(["", newline]))).encode()
    return tree, added


def comments(content: bytes) -> Counter[str]:
    text = content.decode().replace("\r\n", "\n")
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return Counter(token.string for token in tokens if token.type == tokenize.COMMENT)


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(strewn())
def test_whatever_is_strewn_in(program: tuple[Tree, list[str]]) -> None:
    tree, added = program
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        for path, content in tree.items():
            (root / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
            (root / "tree" / path).write_bytes(content)
        project = Project.copied(root / "tree", root / "copy")
        result = project.migrate()
        after = project.theirs()
        assert after.keys() == tree.keys()
        failed = [finding.message for finding in result.findings if finding.code == "G2C012"]
        assert [message for message in failed if "a comment would be lost" not in message] == []
        for path, content in after.items():
            if not path.endswith(".py"):
                continue
            compile(content, path, "exec")
            lost = comments(tree[path]) - comments(content)
            assert [comment for comment in lost if not comment.startswith(("# noqa", "# pragma"))] == []
            assert content.count(b"\n") - content.count(b"\r\n") in (0, content.count(b"\n")), "newlines are mixed"
            changed = (change.path.as_posix() for change in result.changes if change.before is not None)
            if not any(one.endswith(f"/{path}") for one in changed):
                assert content == tree[path]
        everything = "\n".join(content.decode() for content in after.values())
        positions = [everything.find(text) for text in added]
        assert -1 not in positions and len(set(positions)) == len(positions)
        assert positions == sorted(positions), "what was added changed places"
        assert project.run().changes == ()
