"""Where the comment goes that speaks for what stands on a line, so that `suppress` reads it as about that line."""

from __future__ import annotations

import io
import tokenize

from grpc2connect.editor.positions import Text


def comment(text: Text, line: int, code: str, reason: str) -> tuple[int, str] | None:
    """The offset at which to put a comment about the line (from 1), and the comment with what has to be around it.

    It ends the line where that is a whole logical line without a comment, and stands alone before the logical line
    elsewhere: within a string, or behind a backslash, it would be none. None where the text is no Python.
    """
    first, last, commented = _logical(text, line) or (0, 0, False)
    if not first:
        return None
    words = f"# g2c: ignore[{code}] {reason}"
    if first == last and not commented:
        return text.offset(line, 1) + len(text.line(line - 1).rstrip()), f"  {words}"
    before = text.line(first - 1)
    indent = before[: len(before) - len(before.lstrip())]
    return text.offset(first, 1), f"{indent}{words}{_newline(text)}"


def _newline(text: Text) -> str:
    first = text.text[text.offset(1, 1) + len(text.line(0)) :][:2]
    return "\r\n" if first == "\r\n" else first[:1] or "\n"


def _logical(text: Text, line: int) -> tuple[int, int, bool] | None:
    """The first and the last line of the logical line that holds a line, and whether a comment is in its last."""
    plain = text.text.replace("\r\n", "\n").replace("\r", "\n")
    start: int | None = None
    commented: set[int] = set()
    try:
        for token in tokenize.generate_tokens(io.StringIO(plain).readline):
            if token.type == tokenize.COMMENT:
                commented.add(token.start[0])
            elif token.type == tokenize.NEWLINE:
                first, last = start or token.start[0], token.start[0]
                if first <= line <= last:
                    return first, last, last in commented
                start = None
            elif start is None and token.type not in (
                tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER
            ):  # fmt: skip
                start = token.start[0]
    except (tokenize.TokenError, SyntaxError):
        return None
    return None
