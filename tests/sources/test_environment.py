"""Environments are looked at, never run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from grpc2connect.sources import mentions, mentions_any, search_paths


@pytest.mark.parametrize("layout", ["lib/python3.12/site-packages", "Lib/site-packages"])
def test_site_packages_and_pth_files(tmp_path: Path, layout: str) -> None:
    site = tmp_path / "env" / layout
    site.mkdir(parents=True)
    (tmp_path / "src").mkdir()
    (site / "extra").mkdir()
    (site / "a.pth").write_text(f"# comment\n\n{tmp_path / 'src'}\nextra\nmissing\nimport os; os.mkdir('ran')\n")
    (site / "b.pth").write_bytes(b"\xef\xbb\xbfextra\r\n\xff\xfe\0\n")
    expected = [site, tmp_path / "src", site / "extra"]
    assert search_paths(tmp_path / "env") == expected
    assert search_paths(site) == expected
    interpreter = tmp_path / "env" / ("Scripts" if layout.startswith("Lib") else "bin") / "python"
    interpreter.parent.mkdir()
    interpreter.write_text("")
    assert search_paths(interpreter) == expected


def test_no_environment(tmp_path: Path) -> None:
    assert search_paths(tmp_path / "nowhere") == []


@pytest.mark.parametrize(
    "text",
    [
        b"import grpc",
        b"from grpc import aio",
        b"import x_pb2",
        b"from a import x_pb2_grpc as s",
        b"import grpc_health.v1.health",
        b"import grpclib",
        "# é\nimport x_pb2".encode("latin-1"),
    ],
)
def test_what_may_matter(text: bytes) -> None:
    assert mentions(text)


def test_what_does_not() -> None:
    assert not mentions(b"import os\n")
    assert not mentions(b"")
    assert mentions_any(b"from pkg.clients import stub\n", frozenset({b"clients", b"other"}))
    assert mentions_any("caf\xe9clients".encode("latin-1"), frozenset({b"clients"}))
    assert not mentions_any(b"subclients = 1\n", frozenset({b"clients"}))
    assert not mentions_any(b"anything", frozenset())


def test_importing_sources_and_schema_is_cheap() -> None:
    script = "import sys, grpc2connect.sources, grpc2connect.schema, grpc2connect.generate; print(*sys.modules)"
    environment = {"PYTHONPATH": str(Path(__file__).parents[2] / "codemod")}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert {"google.protobuf", "pathspec", "grpc_tools", "grpc"}.isdisjoint(done.stdout.split())
