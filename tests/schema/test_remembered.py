"""A process compiles the same protos once, and sees each change of them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grpc2connect.schema import Schema, protoc

COMMON = 'syntax = "proto3";\npackage tolls;\nmessage Gate { string name = 1; }\n'
TOLLS = (
    'syntax = "proto3";\npackage tolls;\n{imports}\n'
    "message Fare { Gate gate = 1; }\nservice Tolls { rpc Pay(Fare) returns (Fare); }\n"
)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """The commands that were run, from a process that remembers nothing."""
    commands: list[object] = []
    run = subprocess.run

    def watched(command: Any, **settings: Any) -> Any:
        commands.append(command)
        return run(command, **settings)

    monkeypatch.setattr("grpc2connect.schema.protoc._made", {})
    monkeypatch.setattr(protoc.subprocess, "run", watched)
    yield commands


def written(folder: Path, imports: str = 'import "common.proto";', common: str = COMMON) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "common.proto").write_text(common)
    (folder / "tolls.proto").write_text(TOLLS.replace("{imports}", imports))
    return folder


def methods(folder: Path) -> list[str]:
    schema, errors = Schema.load(sorted(folder.iterdir()))
    assert errors == []
    return [str(method.input) for module in schema.grpc_modules for one in module.services for method in one.methods]


def test_the_same_files_elsewhere_are_not_compiled_again(ran: list[object], tmp_path: Path) -> None:
    first = methods(written(tmp_path / "first"))
    runs = len(ran)
    assert methods(written(tmp_path / "second")) == first == ["tolls.Fare"]
    assert len(ran) == runs > 0


def test_a_change_in_what_is_imported_is_seen(ran: list[object], tmp_path: Path) -> None:
    methods(written(tmp_path / "protos"))
    _, errors = Schema.load(sorted(written(tmp_path / "protos", common=COMMON.replace("Gate", "Door")).iterdir()))
    assert len(ran) > 1
    assert [error.path.name for error in errors] == ["tolls.proto"]


def test_what_a_scan_does_not_see_is_compiled_each_time(ran: list[object], tmp_path: Path) -> None:
    folder = written(tmp_path / "protos", imports='import"common.proto";')
    first = methods(folder)
    runs = len(ran)
    assert methods(folder) == first
    assert len(ran) > runs


def test_no_more_is_kept_than_is_said(ran: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protoc, "REMEMBERED", 1)
    folders = [written(tmp_path / name, common=f"{COMMON}// {name}\n") for name in ("first", "second")]
    for folder in (*folders, *folders):
        assert methods(folder) == ["tolls.Fare"]
        assert len(protoc._made) == 1
    assert len(ran) % 4 == 0  # as often as there is nothing to remember
