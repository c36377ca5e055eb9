"""Notebooks: what they have of gRPC is found, by cell, counted, and left."""

from __future__ import annotations

import json
from pathlib import Path

from grpc2connect.notebooks import report
from grpc2connect.options import Options
from grpc2connect.results import RunResult, State

CELLS = [
    ("markdown", "# import grpc"),
    ("code", "%matplotlib inline\nimport grpc as g\nfrom shop.shop_pb2_grpc import ShopStub\n!pip list\n"),
    (
        "code",
        "with g.insecure_channel('ä:1') as channel:\n    stub = ShopStub(channel)\n    print(stub.GetItem(None).sku)",
    ),
    ("code", "%%bash\nimport grpc"),
    ("code", "this is not python"),
    ("code", "total = 1\nshop = ShopStub(total)\nawait shop.GetItem()\nprint(total)"),
]


def write(path: Path, cells: list[tuple[str, str]]) -> None:
    content = [
        {"cell_type": kind, "metadata": {}, "source": text.splitlines(keepends=True), "outputs": []}
        for kind, text in cells
    ]
    path.write_text(json.dumps({"cells": content, "nbformat": 4, "nbformat_minor": 5}, indent=1, ensure_ascii=False))


def test_references_are_found_in_their_cells(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    write(path, CELLS)
    write(tmp_path / "plain.ipynb", [("code", "print('grpc is a word')\n")])
    (tmp_path / "broken.ipynb").write_text("grpc {")
    result = report(RunResult(tmp_path), Options(tmp_path, (tmp_path,)))
    assert [entry.text for entry in result.ledger] == [
        "cell 3: g.insecure_channel",
        "cell 3: ShopStub",
        "cell 3: stub.GetItem",
        "cell 6: ShopStub",
        "cell 6: shop.GetItem",
    ]
    lines = path.read_text().splitlines()
    assert "insecure_channel" in lines[result.ledger[0].place.line - 1]
    assert "shop.GetItem" in lines[result.ledger[-1].place.line - 1]
    assert {entry.state for entry in result.ledger} == {State.LEFT}
    assert result.audit.holds
    assert result.audit.entered == 5
    (finding,) = result.findings
    assert finding.message == "this notebook refers to gRPC in cells 3, 6, and is not edited"


def test_excluded_notebooks_are_not_read(tmp_path: Path) -> None:
    write(tmp_path / "a.ipynb", CELLS)
    options = Options(tmp_path, (tmp_path,), exclude=("*.ipynb",))
    assert report(RunResult(tmp_path), options).ledger == ()
