"""The server: what an editor sends, and what it is told. Every handler returns at once, or waits without blocking."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from grpc2connect import __version__
from grpc2connect.editor import actions, diagnostics, edits, hover
from grpc2connect.editor.analyst import AnalystFailed
from grpc2connect.editor.diagnostics import Links
from grpc2connect.editor.edits import Able, Open
from grpc2connect.editor.folder import Folder, Known, Seen
from grpc2connect.editor.positions import Text
from grpc2connect.editor.questions import Settings
from grpc2connect.errors import Failure, Title
from grpc2connect.report.paint import Paint
from grpc2connect.report.prose import markdown
from grpc2connect.report.text import failure_line

WATCHED = "**/{*.py,*.pyw,*.proto,pyproject.toml}"
_SUFFIXES = (".py", ".pyw", ".proto")


class Server(LanguageServer):
    """One editor's server, for all its folders."""

    def __init__(self, command: Sequence[str], settings: Settings, rules_url: str, delay: float) -> None:
        # Whole texts: by lines, pygls takes a form feed for the end of one, and editors do not.
        super().__init__("grpc2connect", __version__, lsp.TextDocumentSyncKind.Full)
        self._command = command
        self._settings = settings
        self._delay = delay
        self._links = Links(rules_url)
        self._folders: dict[Path, Folder] = {}
        self._published: set[str] = set()
        # Editors know a file by the very spelling that they gave; pygls keeps its own.
        self._spelled: dict[Path, str] = {}
        self._said = ""

    def opened(self, uri: str) -> None:
        """A file is open now."""
        path = _path(uri)
        if path is not None:
            self._spelled[path] = uri
        self.touched(uri)

    def touched(self, uri: str) -> None:
        """A file has another text, or another state."""
        path = _path(uri)
        folder = self._folder(path) if path is not None else None
        if folder is not None:
            folder.changed(lambda: self._seen(folder), self._delay, self._tell)

    def everything_touched(self) -> None:
        """Files have changed that are not open."""
        for folder in self._folders.values():
            folder.changed(lambda folder=folder: self._seen(folder), self._delay, self._tell)  # type: ignore[misc]

    def closed(self, uri: str) -> None:
        """A file is no longer open."""
        if uri in self._published:
            self._published.discard(uri)
            self._publish(uri, None, [])
        path = _path(uri)
        if path is not None:
            self._spelled.pop(path, None)
        self.touched(uri)

    async def hovered(self, params: lsp.HoverParams) -> lsp.Hover | None:
        """What `explain` says of the place."""
        path = _path(params.text_document.uri)
        folder = self._folder(path) if path is not None else None
        if path is None or folder is None:
            return None
        seen = self._seen(folder)
        if path not in seen.texts:
            return None
        client = self.client_capabilities.text_document
        formats = (client.hover.content_format if client and client.hover else None) or [lsp.MarkupKind.Markdown]
        text, plain = self._text(seen.texts[path]), lsp.MarkupKind.Markdown not in formats
        known = folder.known.answer.of(path) if folder.known and folder.known.seen.texts == seen.texts else None
        line = params.position.line + 1
        if folder.known and known and not any((one.place.path, one.place.line) == (path, line) for one in known.ledger):
            # No reference is on most lines, and that is known without the chains of facts.
            return hover.of(known, path, folder.known.answer, text, params.position, self._links, plain=plain)
        try:
            answer = await folder.explain(path, seen)
        except AnalystFailed as problem:
            self._say(failure_line(problem, Paint()))
            return None
        result = answer.of(path)
        if answer.problem:
            self._say(answer.problem)
        if result is None:
            return None
        return hover.of(result, path, answer, text, params.position, self._links, plain=plain)

    async def offered(self, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        """The actions at a place, of those that are asked for."""
        uri = params.text_document.uri
        path = _path(uri)
        folder = self._folder(path) if path is not None else None
        if path is None or folder is None:
            return []
        await folder.settled()
        known, now = folder.known, self._seen(folder)
        if known is None or path not in now.texts or known.seen.texts.get(path) != now.texts[path]:
            return []
        asked = actions.Asked(
            path,
            Open(uri, now.versions[path]),
            self._text(now.texts[path]),
            params.range,
            tuple(one for one in params.context.diagnostics if one.source == diagnostics.SOURCE),
            self._able,
        )
        only = params.context.only
        return [
            one
            for one in actions.of(asked, known.answer)
            if not only or any(_is(one.kind or "", kind) for kind in only)
        ]

    async def resolved(self, action: lsp.CodeAction) -> lsp.CodeAction:
        """An action with the edits that it stands for."""
        if isinstance(action.data, dict) and "unit" in action.data:
            action.edit = await self._move(action.data, action.title)
        return action

    async def move(self, told: Any) -> None:
        """Have the editor make the edits that move a service."""
        title = f"Move {told['unit']} to Connect"
        edit = await self._move(told, title)
        answer = await self.workspace_apply_edit_async(lsp.ApplyWorkspaceEditParams(edit, title))
        if not answer.applied:
            why = f"the editor did not make the edits: {answer.failure_reason or 'it does not say why'}"
            self._say(_refusal(why, "save all files and ask again"))

    async def explain(self, code: str) -> str:
        """Show where a rule is documented, or say what it does; the documentation is what the command returns."""
        known = (folder.known for folder in self._folders.values())
        rule = next((one.answer.rules[code] for one in known if one and code in one.answer.rules), None)
        text = markdown(rule.documentation) if rule and rule.documentation else (rule.title if rule else "")
        link = self._links.of(code)
        if link and self._able.shows:
            external = not link.startswith("file:")
            await self.window_show_document_async(
                lsp.ShowDocumentParams(link.partition("#")[0] if not external else link, external, take_focus=True)
            )
        else:
            said = f"{code}: {text or 'is no code of a rule'}"
            self.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Info, said))
        return text

    def stop(self) -> None:
        """End all processes."""
        for folder in self._folders.values():
            folder.stop()

    async def end(self) -> None:
        """End all processes, and wait for them: the loop that hears of their ends is about to be closed."""
        for folder in self._folders.values():
            await folder.end()

    async def _move(self, told: Any, title: str) -> lsp.WorkspaceEdit:
        path = _path(told["uri"])
        folder = self._folder(path) if path is not None else None
        if path is None or folder is None:
            raise self._failed(_refusal("the file is in no folder that is open", "open its project's folder"))
        if not self._able.files:
            raise self._failed(_refusal("this editor creates no files for a server", "run grpc2connect migrate"))
        seen = self._seen(folder)
        try:
            answer = await folder.move(path, told["unit"], seen)
        except AnalystFailed as problem:
            raise self._failed(failure_line(problem, Paint())) from None
        if answer.problem:
            raise self._failed(answer.problem)
        now = self._seen(folder)
        if seen.texts != now.texts:
            raise self._failed(_refusal("a file has changed meanwhile", "ask again"))
        opened = {path: Open(uri, now.versions[path]) for path, uri in self._uris(folder).items()}
        return edits.workspace_edit(answer.changes, opened, self._able, self._encoding, title)

    def _failed(self, problem: str) -> Exception:
        self._say(problem)
        return JsonRpcInvalidParams(problem)

    async def _tell(self, known: Known) -> None:
        """Publish what is known of open files that are still as they were."""
        if known.answer.problem:
            self._say(known.answer.problem)
            return
        for path, uri in self._spelled.items():
            document = self.workspace.get_text_document(uri)
            if known.seen.texts.get(path) == document.source:
                found = diagnostics.of(path, self._text(document.source), known.answer, self._links)
                if found or uri in self._published:
                    self._published.add(uri)
                    self._publish(uri, document.version, found)

    def _publish(self, uri: str, version: int | None, found: list[lsp.Diagnostic]) -> None:
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, found, version))

    def _say(self, problem: str) -> None:
        """Show a problem once, and log it each time."""
        self.window_log_message(lsp.LogMessageParams(lsp.MessageType.Warning, f"grpc2connect: {problem}"))
        if problem != self._said:
            self._said = problem
            self.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Warning, f"grpc2connect: {problem}"))

    def _folder(self, path: Path) -> Folder | None:
        """The folder of the workspace that holds a file; its own where the editor has no folder open."""
        roots = [one for folder in self.workspace.folders.values() if (one := _path(folder.uri, any_name=True))]
        if not roots and self.workspace.root_path:
            roots = [Path(self.workspace.root_path)]
        holding = [root for root in roots or [path.parent] if path.is_relative_to(root) and root.is_dir()]
        if not holding:
            return None
        root = max(holding, key=lambda one: len(one.parts))
        if root not in self._folders:
            self._folders[root] = Folder.at(root, self._command, self._settings)
        return self._folders[root]

    def _uris(self, folder: Folder) -> dict[Path, str]:
        """The open files of a folder, with what the editor calls them."""
        return {path: uri for path, uri in self._spelled.items() if self._folder(path) is folder}

    def _seen(self, folder: Folder) -> Seen:
        documents = {path: self.workspace.get_text_document(uri) for path, uri in self._uris(folder).items()}
        return Seen(
            {path: one.source for path, one in documents.items()},
            {path: one.version for path, one in documents.items()},
        )

    @property
    def _able(self) -> Able:
        return Able.of(self.client_capabilities)

    @property
    def _encoding(self) -> lsp.PositionEncodingKind | str:
        return self.workspace.position_encoding or lsp.PositionEncodingKind.Utf16

    def _text(self, text: str) -> Text:
        return Text(text, self._encoding)


def _refusal(cause: str, step: str) -> str:
    return failure_line(Failure(Title.EDITOR_REQUEST, cause, step), Paint())


def _path(uri: str, *, any_name: bool = False) -> Path | None:
    """The file behind a URI, if it can be one of a project's sources (or, with `any_name`, whatever it is)."""
    name = to_fs_path(uri) if uri.startswith("file:") else None
    return Path(name) if name and (any_name or name.endswith(_SUFFIXES)) else None


def _is(kind: str, wanted: str) -> bool:
    """Whether a kind of action is another one, or a kind of it; `""` is all of them."""
    return not wanted or kind == wanted or kind.startswith(f"{wanted}.")


def serve(command: Sequence[str], settings: Settings, rules_url: str, delay: float) -> None:
    """Serve the editor on the standard streams until it leaves; `command` answers questions."""
    server = Server(command, settings, rules_url, delay)
    connect(server)
    try:
        server.start_io()
    finally:
        server.stop()


def connect(server: Server) -> None:
    """Say which of the server's methods answers what."""

    @server.feature(lsp.INITIALIZED)
    def initialized(_: lsp.InitializedParams) -> None:
        workspace = server.client_capabilities.workspace
        watching = workspace.did_change_watched_files if workspace else None
        if watching and watching.dynamic_registration:
            options = lsp.DidChangeWatchedFilesRegistrationOptions([lsp.FileSystemWatcher(WATCHED)])
            asked = lsp.Registration("watched", lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
            server.client_register_capability(lsp.RegistrationParams([asked]))

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        server.opened(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: lsp.DidChangeTextDocumentParams) -> None:
        server.touched(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: lsp.DidSaveTextDocumentParams) -> None:
        server.touched(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        server.closed(params.text_document.uri)

    @server.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def watched(_: lsp.DidChangeWatchedFilesParams) -> None:
        server.everything_touched()

    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    async def hovered(params: lsp.HoverParams) -> lsp.Hover | None:
        return await server.hovered(params)

    kinds = [lsp.CodeActionKind.RefactorRewrite, lsp.CodeActionKind.QuickFix]

    @server.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions(kinds, resolve_provider=True))
    async def offered(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        return await server.offered(params)

    @server.feature(lsp.CODE_ACTION_RESOLVE)
    async def resolved(action: lsp.CodeAction) -> lsp.CodeAction:
        return await server.resolved(action)

    @server.command(actions.MOVE)
    async def move(told: Any) -> None:
        await server.move(told)

    @server.command(actions.EXPLAIN)
    async def explain(code: str) -> str:
        return await server.explain(code)

    @server.feature(lsp.SHUTDOWN)
    async def shutdown(_: None) -> None:
        await server.end()
