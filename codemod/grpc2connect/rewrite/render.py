"""Applies edits to a text. Bytes outside the edited spans cannot change, by construction."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from grpc2connect.rules_api.edits import Edit, Moved, Piece
from grpc2connect.rules_api.names import Name
from grpc2connect.syntax import Span


class Conflict(Exception):
    """Two edits want the same text; an error of the rules, which leaves the unit as it was."""


class Renderer:
    """Renders spans of one text with edits applied; holes of an edit are rendered in turn."""

    def __init__(self, text: str, edits: Iterable[Edit], name: Callable[[Name], str]) -> None:
        self._text = text
        self._name = name
        self._edits = sorted(dict.fromkeys(edits), key=_order)
        self._used: set[int] = set()

    def all(self) -> str:
        """The whole new text.

        Raises `Conflict` if edits overlap, or if an edit lies in text that another one drops.
        """
        rendered = self._render(Span(0, len(self._text)), None)
        for index, edit in enumerate(self._edits):
            if index not in self._used:
                raise Conflict(f"two edits of the text at offset {edit.span.start}")
        return rendered

    def _render(self, span: Span, inside: int | None, moved: bool = False) -> str:
        parts: list[str] = []
        position = span.start
        for index, edit in enumerate(self._edits):
            insertion = edit.span.start == edit.span.end
            if index == inside or edit.span.start < position or edit.span.end > span.end:
                continue
            if (moved and edit.span == span) or (insertion and index in self._used):
                continue
            parts.append(self._text[position : edit.span.start])
            self._used.add(index)
            parts.extend(self._piece(piece, index) for piece in edit.pieces)
            position = edit.span.end
        parts.append(self._text[position : span.end])
        return "".join(parts)

    def _piece(self, piece: Piece, index: int) -> str:
        if isinstance(piece, Moved):
            return self._render(piece.span, index, moved=True)
        if isinstance(piece, Span):
            return self._render(piece, index)
        return piece if isinstance(piece, str) else self._name(piece)


def _order(edit: Edit) -> tuple[int, int, int]:
    # At one place: insertions first, then the wider edit.
    return (edit.span.start, 0 if edit.span.start == edit.span.end else 1, -edit.span.end)
