"""A change of files as the editor makes it: only the lines that differ, with the version of the text they are for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lsprotocol.types import (
    AnnotatedTextEdit,
    ChangeAnnotation,
    ClientCapabilities,
    CreateFile,
    CreateFileOptions,
    DeleteFile,
    OptionalVersionedTextDocumentIdentifier,
    Position,
    PositionEncodingKind,
    Range,
    RenameFile,
    ResourceOperationKind,
    SnippetTextEdit,
    TextDocumentEdit,
    TextEdit,
    WorkspaceEdit,
)

from grpc2connect.editor.positions import Text
from grpc2connect.editor.questions import TextChange

_Operation = TextDocumentEdit | CreateFile | RenameFile | DeleteFile
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
CODE, NEW = "grpc2connect.code", "grpc2connect.new"


@dataclass(frozen=True)
class Able:
    """What an editor can do with edits."""

    files: bool = False
    deletes: bool = False
    annotations: bool = False
    snippets: bool = False
    resolves: bool = False
    disabled: bool = False
    shows: bool = False

    @staticmethod
    def of(client: ClientCapabilities) -> Able:
        """What a client says of itself."""
        workspace = client.workspace.workspace_edit if client.workspace else None
        action = client.text_document.code_action if client.text_document else None
        operations = (workspace.resource_operations if workspace else None) or ()
        resolves = action.resolve_support.properties if action and action.resolve_support else ()
        document = client.window.show_document if client.window else None
        return Able(
            files=bool(workspace and workspace.document_changes and ResourceOperationKind.Create in operations),
            deletes=ResourceOperationKind.Delete in operations,
            annotations=bool(workspace and workspace.change_annotation_support),
            snippets=bool(workspace and workspace.snippet_edit_support and workspace.document_changes),
            resolves="edit" in resolves,
            disabled=bool(action and action.disabled_support),
            shows=bool(document and document.support),
        )


@dataclass(frozen=True)
class Open:
    """An open file: what the editor calls it, and which version of it the edits are for."""

    uri: str
    version: int | None


def workspace_edit(
    changes: Sequence[TextChange],
    opened: Mapping[Path, Open],
    able: Able,
    encoding: PositionEncodingKind | str,
    title: str,
) -> WorkspaceEdit:
    """All of `changes` as one edit; files that are not open are told by their paths."""
    operations: list[_Operation] = []
    for change in changes:
        there = opened.get(change.path) or Open(change.path.as_uri(), None)
        note = (NEW if change.before is None else CODE) if able.annotations else None
        if change.after is None:
            operations.append(DeleteFile(there.uri, annotation_id=note))
            continue
        if change.before is None:
            options = CreateFileOptions(overwrite=False, ignore_if_exists=False)
            operations.append(CreateFile(there.uri, options=options, annotation_id=note))
        edits = text_edits(change.before or "", change.after, encoding)
        if edits:
            noted = [AnnotatedTextEdit(note, one.range, one.new_text) if note else one for one in edits]
            identifier = OptionalVersionedTextDocumentIdentifier(there.uri, there.version)
            operations.append(TextDocumentEdit(identifier, noted))
    annotations = {
        CODE: ChangeAnnotation(title, description="in files that are there"),
        NEW: ChangeAnnotation("New files", description="generated modules, and the runtime"),
    }
    return WorkspaceEdit(document_changes=operations, change_annotations=annotations if able.annotations else None)


def text_edits(before: str, after: str, encoding: PositionEncodingKind | str) -> list[TextEdit]:
    """The edits of whole lines that make one text of another."""
    if not before:
        start = Position(0, 0)
        return [TextEdit(Range(start, start), after)] if after else []
    text = Text(before, encoding)
    old, new = (_LINE.findall(one) for one in (before, after))
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line))
    return [
        TextEdit(text.range(starts[i1], starts[i2]), "".join(new[j1:j2]))
        for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new).get_opcodes()
        if tag != "equal" and (starts[i1] != starts[i2] or new[j1:j2] != [""])
    ]


def single(uri: str, version: int | None, edit: TextEdit | SnippetTextEdit, *, versioned: bool) -> WorkspaceEdit:
    """One edit in one file."""
    if versioned:
        identifier = OptionalVersionedTextDocumentIdentifier(uri, version)
        return WorkspaceEdit(document_changes=[TextDocumentEdit(identifier, [edit])])
    assert isinstance(edit, TextEdit)
    return WorkspaceEdit(changes={uri: [edit]})
