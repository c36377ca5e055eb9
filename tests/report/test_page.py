"""The page: whole, without requests, readable without its script, and closed to what a project may hold."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
from html.parser import HTMLParser

import pytest

from grpc2connect.report import page
from grpc2connect.report.document import Document
from grpc2connect.results import Audit, Place, RunResult
from tests.report import reports


class Reader(HTMLParser):
    """What a browser would make of the page: tags with their attributes, and the text."""

    VOID = ("meta", "link", "input", "rect", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert not self.inside, f"not closed: {self.inside}"

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.inside.pop() == tag

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        if self.inside and self.inside[-1] not in ("script", "style"):
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def hostile() -> Document:
    """Every text that comes from a project is an attack."""
    text = reports.HOSTILE
    run = reports.result(3)
    path = reports.ROOT / "x" / (text.replace("/", "\u2215") + ".py")

    def bad(line: int) -> Place:
        return Place(path, line, 1)

    run = dataclasses.replace(
        run,
        ledger=tuple(
            dataclasses.replace(
                entry, place=bad(entry.place.line + index), text=text, why=text, units=(text,), kind=text
            )
            for index, entry in enumerate(run.ledger)
        ),
        findings=tuple(
            dataclasses.replace(one, place=bad(one.place.line), message=text, advice=text, unit=text)
            for one in run.findings
        ),
        errors=tuple(dataclasses.replace(one, path=path, message=text, advice=text) for one in run.errors),
        audit=Audit(1, 2, (text,)),
    )
    made = reports.report(run)
    made["excerpts"] = {name: [{"line": 1, "lines": [text] * 80}] for name in made["excerpts"]}
    made["root"], made["revision"] = f"/{text}", text
    for row in (*made["references"], *made["findings"], *made["errors"]):
        row["owners"] = [text]
    made["owners"][0]["name"] = text
    made["shown"] = {"since": text}
    return made


@pytest.mark.parametrize("made", [reports.report(), hostile()], ids=["plain", "hostile"])
def test_nothing_runs_but_the_pages_own_script(made: Document) -> None:
    text = page.render(made)
    read = Reader(text)
    assert {tag for tag, _ in read.tags}.isdisjoint({"img", "iframe", "object", "base", "a:href"})
    assert len(read.all("script")) == len(read.all("style")) == 1
    for tag, attributes in read.tags:
        assert not any(name.startswith("on") or name == "style" for name in attributes), (tag, attributes)
        for name in ("href", "src"):
            assert (attributes.get(name) or "#").startswith(("#", "data:,")), (tag, attributes)
    policy = next(one["content"] for one in read.all("meta") if one.get("http-equiv") == "Content-Security-Policy")
    for tag in ("style", "script"):
        body = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert body
        digest = base64.b64encode(hashlib.sha256(body[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in str(policy)
    assert "default-src 'none'" in str(policy)
    assert not re.search(r"https?://", text.replace("http-equiv", ""))


def test_hostile_text_is_shown_as_it_is() -> None:
    read = Reader(page.render(hostile()))
    assert read.text.count(reports.HOSTILE) > 30
    assert read.all("title")


def test_everything_is_there_without_the_script() -> None:
    made = reports.report()
    read = Reader(page.render(made))
    text = "".join(read.text)
    for row in made["findings"]:
        assert row["message"] in text and row["advice"] in text
    for unit in made["units"]:
        assert unit["name"] in text
    for owner in made["owners"]:
        assert owner["name"] in text
    rows = [one for one in read.tags if "i" in (one[1].get("class") or "").split() and "data-c" in one[1]]
    assert len(rows) == len(made["references"]) + len(made["findings"]) + len(made["errors"])
    rules = {one["id"] for one in read.all("article")}
    assert {rule["code"] for rule in made["rules"]} == rules
    links = {one["href"] for one in read.all("a") if (one["href"] or "").startswith("#G2C")}
    assert links == {f"#{code}" for code in rules}
    assert "    line 4: " in text


def test_controls_have_names_and_pictures_say_what_they_show() -> None:
    read = Reader(page.render(reports.report()))
    ids = [one["id"] for _, one in read.tags if "id" in one]
    assert len(set(ids)) == len(ids)
    for svg in read.all("svg"):
        assert svg["role"] == "img"
        assert re.fullmatch(r".+: (no references|\d.*%\))", svg["aria-label"] or "")
    for tag, one in read.tags:
        for name in ("aria-labelledby",):
            assert one.get(name) is None or one[name] in ids, (tag, one)
    assert read.all("html") == [{"lang": "en"}]
    assert {tag for tag, _ in read.tags} >= {"header", "nav", "main", "footer"}


def test_the_same_report_is_the_same_page_and_an_empty_one_is_a_page() -> None:
    assert page.render(reports.report()) == page.render(reports.report())
    empty = RunResult(reports.ROOT)
    assert "0 references in 0 files" in "".join(Reader(page.render(reports.report(empty))).text)


def test_a_ledger_that_does_not_add_up_is_said_first() -> None:
    run = dataclasses.replace(reports.result(), audit=Audit(5, 4, ("server.py:3 'grpc'",)))
    text = "".join(Reader(page.render(reports.report(run))).text)
    assert "The ledger does not add up." in text and "server.py:3 'grpc'" in text


def test_code_cannot_look_like_other_code() -> None:
    made = reports.report()
    turned = "if admin: # \u202e \u2066 return\u2069 x"
    made["excerpts"] = {path: [{"line": 1, "lines": [turned] * 60}] for path in made["excerpts"]}
    for row in made["references"]:
        row["text"] = turned
    text = page.render(made)
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", text)
    assert '<b class="turn">U+202E</b>' in text
