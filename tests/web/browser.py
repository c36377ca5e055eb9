"""Builds the page of examples/web, serves it from an origin of its own, and opens it in a headless Chromium."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

from tests.web.places import EXAMPLES, FERRIES

PAGE = EXAMPLES / "page"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
NPM_SECONDS = 180
BUILD_SECONDS = 60
PAGE_SECONDS = 60


class Missing(Exception):
    """A program that is needed is not installed; the message says what to do."""


def required(names: tuple[str, ...], what: str) -> str:
    """The path of the first of these programs that is installed.

    Raises:
        Missing: none is.
    """
    for name in names:
        if found := shutil.which(name):
            return found
    raise Missing(f"{' or '.join(names)} not found: {what}")


def chromium() -> str:
    """The browser; `CHROMIUM` in the environment names another one."""
    return required(
        (os.environ.get("CHROMIUM") or BROWSERS[0], *BROWSERS[1:]),
        "install it (Debian: apt-get install chromium), or name it in the environment as CHROMIUM",
    )


def npm() -> str:
    """The package manager that builds the page."""
    return required(("npm",), "install Node.js 20 or newer (Debian: apt-get install npm)")


def _run(arguments: list[str], folder: Path, seconds: int) -> str:
    done = subprocess.run(arguments, cwd=folder, capture_output=True, timeout=seconds, check=False)
    if done.returncode:
        said = (done.stdout + done.stderr).decode(errors="replace")
        raise RuntimeError(f"{' '.join(arguments)} failed with {done.returncode}:\n{said}")
    return done.stdout.decode(errors="replace")


def build(folder: Path) -> Path:
    """Build the page in `folder`, with everything npm installs; return the folder to serve.

    Raises:
        Missing: npm is not installed.
        RuntimeError: a step failed; its output is in the message.
    """
    manager = npm()
    shutil.copytree(PAGE, folder, ignore=shutil.ignore_patterns("node_modules", "gen", "page.js"))
    _run([manager, "ci", "--no-audit", "--no-fund"], folder, NPM_SECONDS)
    (folder / "gen").mkdir()
    plugin = folder / "node_modules" / ".bin" / "protoc-gen-es"
    protoc = [sys.executable, "-m", "grpc_tools.protoc", f"-I{FERRIES / 'proto'}", f"--plugin=protoc-gen-es={plugin}"]
    _run([*protoc, "--es_out=gen", "--es_opt=target=ts", "ferries.proto"], folder, BUILD_SECONDS)
    _run([manager, "run", "build"], folder, BUILD_SECONDS)
    return folder


class _Handler(SimpleHTTPRequestHandler):
    """Serves the page, and holds back one picture of it until the page says that it is done."""

    done: threading.Event

    def do_GET(self) -> None:
        if self.path.startswith("/until-done"):
            self.done.wait(PAGE_SECONDS / 2)
            self.done.clear()
            self.send_error(404)
            return
        super().do_GET()

    def do_POST(self) -> None:
        self.done.set()
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        return


@contextlib.contextmanager
def page_served(folder: Path) -> Iterator[str]:
    """Serve the built page; gives its origin."""

    class Handler(_Handler):
        done = threading.Event()

        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(folder))  # type: ignore[arg-type]

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join(10)


class _Shown(HTMLParser):
    """What the page shows: the class and the text of each line of each list."""

    def __init__(self) -> None:
        super().__init__()
        self.lists: dict[str, list[tuple[str, str]]] = {}
        self._list = ""
        self._line: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "ul":
            self._list = given.get("id") or ""
            self.lists[self._list] = []
        elif tag == "li":
            self._line = given.get("class") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "li":
            self._line = None

    def handle_data(self, data: str) -> None:
        if self._line is not None:
            self.lists[self._list].append((self._line, data))


def shown(origin: str, service: str, profile: Path, screenshot: Path | None = None) -> dict[str, list[tuple[str, str]]]:
    """Open the page in a browser and return what it shows when it is done, for each transport.

    Args:
        origin: of the page.
        service: the base URL of the services.
        profile: an empty folder for the browser's own files.
        screenshot: where to write a picture of the page, too.

    Raises:
        Missing: there is no browser.
        RuntimeError: it failed, or the page did not come to its end.
    """
    arguments = [chromium(), "--headless=new", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    if os.name == "posix" and os.geteuid() == 0:
        arguments.append("--no-sandbox")
    url = f"{origin}/?service={quote(service, safe='')}"
    picture = [] if screenshot is None else [f"--screenshot={screenshot}", "--window-size=1100,640"]
    dom = _run([*arguments, f"--user-data-dir={profile}", "--dump-dom", *picture, url], PAGE, PAGE_SECONDS)
    if "<title>done</title>" not in dom:
        raise RuntimeError(f"the page did not come to its end:\n{dom}")
    found = _Shown()
    found.feed(dom)
    return found.lists


EXPECTED = [
    ("ticket", "Ada: 3 on the Heron, north pier, 37 left"),
    ("fare", "900 cents"),
    ("departure", "08:10 Heron"),
    ("departure", "09:40 Tern"),
    ("departure", "15:30 Heron"),
    ("fog", "08:10 Heron"),
    ("fog", "09:40 Tern"),
    ("fog failed", "Unavailable: fog until evening"),
    ("full failed", "ResourceExhausted: the ferry is full, next at 15:30"),
    ("unknown failed", "NotFound: no ferry 'Auk'"),
    ("nobody failed", "Unauthenticated: who are you?"),
    ("nobody watching failed", "Unauthenticated: who are you?"),
    ("blocked failed", "Unknown: Failed to fetch"),
]
"""What the page shows of migrated services, whatever the transport and wherever they are served."""
