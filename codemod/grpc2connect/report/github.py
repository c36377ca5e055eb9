"""GitHub workflow commands: errors, findings and references left on gRPC as annotations on a pull request.

GitHub shows ten annotations of each level for a step, and drops the rest without a word. So of each level the first
ten are sent, or nine and one that says how many more there are; those stand below as plain lines, between commands that
keep GitHub from reading them as commands. Source: docs.github.com, "Workflow commands".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from grpc2connect.report.document import Document
from grpc2connect.report.fingerprints import digest
from grpc2connect.report.paint import one_line
from grpc2connect.report.places import from_top, silenced

MOST = 10
"""How many annotations of a level GitHub shows for a step."""
_LEVELS = {"error": "error", "warning": "warning", "note": "notice"}


@dataclass(frozen=True)
class _Annotation:
    level: str
    code: str
    path: str
    message: str
    line: int = 0
    column: int = 0

    def command(self) -> str:
        where = {"file": self.path, **({"line": self.line, "col": self.column} if self.line else {})}
        pairs = ",".join(f"{name}={_property(str(value))}" for name, value in {**where, "title": self.code}.items())
        return f"::{self.level} {pairs}::{_data(self.message)}"

    def plain(self) -> str:
        place = f"{self.path}:{self.line}:{self.column}" if self.line else self.path
        return one_line(f"- {self.level} {place} {self.code} {self.message}")


def render(document: Document) -> list[str]:
    """The lines for the log of a step; the gravest come first."""
    annotations = list(_annotations(document))
    out: list[str] = []
    rest: list[_Annotation] = []
    for level in _LEVELS.values():
        of_level = [one for one in annotations if one.level == level]
        sent = of_level if len(of_level) <= MOST else of_level[: MOST - 1]
        out += [one.command() for one in sent]
        over = of_level[len(sent) :]
        rest += over
        if over:
            files = len({one.path for one in over})
            out.append(
                f"::{level} title=grpc2connect::{len(over)} more in {files} files; the log of this step has them"
            )
    if rest:
        lines = [one.plain() for one in rest]
        # Nothing that stands in a file can know the token, which depends on all that is said.
        token = f"g2c-{digest(*lines)}"
        out += [f"::group::{len(rest)} more of grpc2connect", f"::stop-commands::{token}", *lines, f"::{token}::"]
        out.append("::endgroup::")
    return out


def _annotations(document: Document) -> Iterator[_Annotation]:
    for error in document["errors"]:
        path = from_top(document, error["path"])
        yield _Annotation(
            "error", error["code"], path, _sentence(f"{error['title']}: {error['message']}", error["advice"])
        )
    reported = set()
    for row in document["findings"]:
        reported.add((row["path"], row["line"]))
        path = from_top(document, row["path"])
        message = _sentence(row["message"], row["advice"])
        yield _Annotation(_LEVELS[row["severity"]], row["code"], path, message, row["line"], row["column"])
    ignored = silenced(document)
    for entry in document["references"]:
        if (entry["path"], entry["line"], entry["column"], entry["code"]) in ignored:
            continue
        if entry["state"] == "left" and (entry["path"], entry["line"]) not in reported:
            path = from_top(document, entry["path"])
            message = f"still gRPC: {entry['text']}" + (f"; {entry['why']}" if entry["why"] else "")
            yield _Annotation("warning", entry["code"], path, message, entry["line"], entry["column"])


def _sentence(message: str, advice: str) -> str:
    return f"{message}; {advice}" if advice else message


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
