"""An editor, as far as a server can tell: JSON-RPC over the streams of a real process, and edits made by its rules."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlparse

SECONDS = 60
Json = dict[str, Any]


class Editor:
    def __init__(self, folder: Path, capabilities: Json, cache: Path, complaints: IO[bytes]) -> None:
        program = Path(sys.executable).parent / "grpc2connect"
        self.folder = folder
        self.process = subprocess.Popen(
            [program, "lsp", "--delay", "0.01"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            cwd=folder,
            env={**os.environ, "G2C_CACHE_DIR": str(cache)},
        )
        self.heard: queue.Queue[Json] = queue.Queue()
        self.aside: list[Json] = []
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        threading.Thread(target=self._listen, daemon=True).start()
        folders = [{"uri": folder.as_uri(), "name": folder.name}]
        parameters = {"processId": None, "rootUri": folder.as_uri(), "workspaceFolders": folders}
        self.server = self.ask("initialize", {**parameters, "capabilities": capabilities})
        self.tell("initialized", {})

    def close(self) -> int:
        self.ask("shutdown", None)
        self.tell("exit", None)
        return self.process.wait(SECONDS)

    def tell(self, method: str, parameters: Any) -> None:
        self._send({"method": method, "params": parameters})

    def ask(self, method: str, parameters: Any) -> Any:
        self._send({"id": method, "method": method, "params": parameters})
        answer = self.until(lambda one: one.get("id") == method and "method" not in one)
        assert "error" not in answer, answer
        return answer["result"]

    def until(self, wanted: Any) -> Json:
        """The first message that is wanted; what a server asks before it is answered with nothing."""
        for index, one in enumerate(self.aside):
            if wanted(one):
                return self.aside.pop(index)
        while True:
            one = self.heard.get(timeout=SECONDS)
            if "id" in one and "method" in one:
                self._send({"id": one["id"], "result": None})
            if wanted(one):
                return one
            self.aside.append(one)

    def open(self, name: str) -> list[Json]:
        uri = (self.folder / name).as_uri()
        self.texts[uri], self.versions[uri] = (self.folder / name).read_bytes().decode(), 1
        item = {"uri": uri, "languageId": "python", "version": 1, "text": self.texts[uri]}
        self.tell("textDocument/didOpen", {"textDocument": item})
        return self.diagnostics(uri)

    def type(self, name: str, text: str) -> list[Json]:
        uri = (self.folder / name).as_uri()
        self.texts[uri] = text
        self.versions[uri] += 1
        identifier = {"uri": uri, "version": self.versions[uri]}
        self.tell("textDocument/didChange", {"textDocument": identifier, "contentChanges": [{"text": text}]})
        return self.diagnostics(uri)

    def diagnostics(self, uri: str) -> list[Json]:
        """Those of the version that is open."""
        told = self.until(
            lambda one: (
                one.get("method") == "textDocument/publishDiagnostics"
                and one["params"]["uri"] == uri
                and one["params"]["version"] == self.versions[uri]
            )
        )
        found: list[Json] = told["params"]["diagnostics"]
        return found

    def actions(self, name: str, place: tuple[int, int]) -> list[Json]:
        position = {"line": place[0], "character": place[1]}
        where = {"start": position, "end": position}
        identifier = {"uri": (self.folder / name).as_uri()}
        parameters = {"textDocument": identifier, "range": where, "context": {"diagnostics": []}}
        found: list[Json] = self.ask("textDocument/codeAction", parameters)
        return found

    def make(self, edit: Json) -> dict[Path, str]:
        """The texts that an edit gives files, by the protocol's rules."""
        made: dict[Path, str] = {}
        for one in edit["documentChanges"]:
            if one.get("kind") == "create":
                path = _path(one["uri"])
                assert not path.exists() and path not in made
                made[path] = ""
                continue
            uri = one["textDocument"]["uri"]
            path = _path(uri)
            if uri in self.texts:
                assert one["textDocument"]["version"] == self.versions[uri]
            text = made.get(path, self.texts.get(uri))
            made[path] = changed(path.read_bytes().decode() if text is None else text, one["edits"])
        return made

    def _send(self, message: Json) -> None:
        assert self.process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def _listen(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while line := stream.readline():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                while stream.readline().strip():
                    pass
                self.heard.put(json.loads(stream.read(int(value))))


def changed(text: str, edits: list[Json]) -> str:
    """A text after edits, whose columns are in UTF-16."""
    lines = text.replace("\r\n", "\n").split("\n") if "\r\n" not in text else [f"{x}\r" for x in text.split("\r\n")]
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)

    def offset(position: Json) -> int:
        rest = text[starts[position["line"]] :].encode("utf-16-le")[: 2 * position["character"]]
        return starts[position["line"]] + len(rest.decode("utf-16-le"))

    spans = [(offset(one["range"]["start"]), offset(one["range"]["end"]), one["newText"]) for one in edits]
    for start, end, new in sorted(spans, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _path(uri: str) -> Path:
    return Path(unquote(urlparse(uri).path))
