"""The report as SARIF 2.1.0, in the form that GitHub's code scanning takes, and GitLab, Azure DevOps and editors too.

A result is an error, a finding, or a reference that stays on gRPC (warning) or needs the runtime (note); what is native
is no result, since there is nothing to do about it, nor is what a comment in the file speaks for. Paths are relative to
the top of the repository. GitHub takes 25,000 results of a file at most, so the gravest come first and what is over is
left out, which is said; `--shard` gives the rest. Its limits: docs.github.com, "SARIF support for code scanning".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from grpc2connect.report.document import Document, Excerpt, Finding, Reference, Rule
from grpc2connect.report.places import from_top, silenced
from grpc2connect.report.prose import markdown, plain

MOST_RESULTS = 25_000
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
GUIDE = "https://connectrpc.com/docs/python/getting-started/"
"""Where help is when nobody says where the pages of the rules are."""
_GRAVITY = {"error": 0, "warning": 1, "note": 2}
_IN_LINE = re.compile(r"line (\d+)\b")
Json = dict[str, Any]


def render(document: Document, *, rules_url: str = "") -> str:
    """The log; `rules_url` is where a copy of `docs/rules` can be read."""
    return json.dumps(log(document, rules_url=rules_url), indent=1) + "\n"


def log(document: Document, *, rules_url: str = "", most: int = MOST_RESULTS) -> Json:
    """The log as plain data, with one run of `most` results at most."""
    results = sorted(_results(document), key=lambda one: _GRAVITY[one["level"]])
    kept, over = results[:most], len(results) - most
    codes = sorted({one["ruleId"] for one in kept})
    known = {rule["code"]: rule for rule in document.get("rules", ())}
    for one in kept:
        one["ruleIndex"] = codes.index(one["ruleId"])
    run: Json = {
        "tool": {
            "driver": {
                "name": document["tool"]["name"],
                "semanticVersion": document["tool"]["version"],
                "informationUri": GUIDE,
                "rules": [_rule(code, known.get(code), rules_url) for code in codes],
            }
        },
        "automationDetails": {"id": _category(document)},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            "SRCROOT": {"description": {"text": "the top of the repository"}},
        },
        "invocations": [_invocation(document, over)],
        "results": kept,
        "properties": {"summary": document["summary"], "units": document["units"]},
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def left_out(document: Document) -> int:
    """How many results are over what GitHub takes of a file."""
    return max(0, sum(1 for _ in _results(document)) - MOST_RESULTS)


def _category(document: Document) -> str:
    shard = document.get("shown", {}).get("shard")
    return f"grpc2connect/shard-{shard.replace('/', '-of-')}/" if shard else "grpc2connect/"


def _invocation(document: Document, over: int) -> Json:
    made: Json = {"executionSuccessful": document["audit"]["holds"], "exitCode": document["exit_code"]}
    if over > 0:
        text = f"{over} results are left out, since no more can be uploaded at once; report --shard i/n gives all"
        made["toolExecutionNotifications"] = [{"level": "warning", "message": {"text": text}}]
    return made


def _results(document: Document) -> Iterator[Json]:
    for error in document["errors"]:
        yield _result(
            document, error, "error", _sentence(f"{error['title']}: {error['message']}", error["advice"]), None
        )
    said = set(silenced(document))
    for finding in document["findings"]:
        said.add((finding["path"], finding["line"], finding["column"], finding["code"]))
        text = _sentence(finding["message"], finding["advice"])
        units = [finding["unit"]] if finding["unit"] else []
        yield _result(document, finding, finding["severity"], text, finding) | _properties(finding, units)
    for row in document["references"]:
        if row["state"] == "native" or (row["path"], row["line"], row["column"], row["code"]) in said:
            continue
        level = "warning" if row["state"] == "left" else "note"
        what = "stays on gRPC" if row["state"] == "left" else "moves with the runtime's help"
        text = f"`{row['text']}` {what}" + (f": {row['why']}" if row["why"] else "")
        yield _result(document, row, level, text, row) | _properties(row, row["units"], row["state"])


def _result(document: Document, row: Any, level: str, text: str, spot: Finding | Reference | None) -> Json:
    uri = quote(from_top(document, row["path"]))
    where = {"artifactLocation": _artifact(uri), "region": _region(document, row, spot)}
    return {
        "ruleId": row["code"],
        "level": level,
        "message": {"text": text},
        "locations": [{"physicalLocation": where}],
        # GitHub looks at the first of these only, and makes one from the lines if there is none.
        "partialFingerprints": {
            "primaryLocationLineHash": row["fingerprint"],
            "grpc2connect/v1": row["fingerprint"],
        },
    }


def _region(document: Document, row: Any, spot: Finding | Reference | None) -> Json:
    """Where a row stands: up to the end of what it names, or else of its line, where the lines are known."""
    if spot is None:
        found = _IN_LINE.match(row["message"])
        return {"startLine": int(found[1]) if found else 1}
    region: Json = {"startLine": spot["line"], "startColumn": spot["column"]}
    line = _line(document.get("excerpts", {}).get(spot["path"], []), spot["line"])
    if line:
        text, start = str(row.get("text", "")), spot["column"] - 1
        end = start + len(text) if text and line.startswith(text, start) else len(line)
        region |= {"endLine": spot["line"], "endColumn": max(end, start) + 1, "snippet": {"text": line}}
    return region


def _artifact(uri: str) -> Json:
    if PurePosixPath(uri).is_absolute():
        return {"uri": f"file://{uri}"}
    return {"uri": uri, "uriBaseId": "SRCROOT"}


def _properties(row: Finding | Reference, units: list[str], state: str = "") -> Json:
    given = {"units": units, "owners": row.get("owners", []), "state": state}
    return {"properties": {name: value for name, value in given.items() if value}}


def _rule(code: str, rule: Rule | None, rules_url: str) -> Json:
    made: Json = {"id": code, "helpUri": GUIDE}
    if rule is None:
        return made | {"shortDescription": {"text": code}, "help": {"text": code}}
    title = rule["title"].replace("`", "")
    return {
        "id": code,
        "shortDescription": {"text": title[:1024]},
        "fullDescription": {"text": plain(rule["documentation"])[:1024] or title},
        "helpUri": f"{rules_url.rstrip('/')}/{rule.get('page', '')}" if rules_url else GUIDE,
        "help": {"text": rule["documentation"].strip(), "markdown": markdown(rule["documentation"])},
        "defaultConfiguration": {"level": "warning"},
        "properties": {"tags": ["migration", "grpc", rule["family"]], "precision": "very-high"},
    }


def _line(excerpts: list[Excerpt], number: int) -> str:
    for excerpt in excerpts:
        if 0 <= number - excerpt["line"] < len(excerpt["lines"]):
            return excerpt["lines"][number - excerpt["line"]]
    return ""


def _sentence(message: str, advice: str) -> str:
    return f"{message}; {advice}" if advice else message
