"""Where a file can import the runtime from is looked for once for each file, however many names it needs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from grpc2connect.facts.program import Program
from grpc2connect.options import Options
from grpc2connect.rewrite.place import Places
from grpc2connect.schema import Schema
from grpc2connect.syntax import Module, parse


class Counting(Program):
    """Counts what is asked of it."""

    def __init__(self, folder: Path) -> None:
        schema, _ = Schema.load([])
        super().__init__(folder.rglob("*.py"), schema, lambda path: parse(path, path.read_text()), folder)
        self.asked: Counter[Path] = Counter()

    def reachable_roots(self, importer: Module) -> frozenset[str]:
        self.asked[importer.path] += 1
        return super().reachable_roots(importer)


def test_each_file_is_looked_at_once(tmp_path: Path) -> None:
    for name in ("server", "client"):
        (tmp_path / f"{name}.py").write_text("import grpc\nimport shop\n")
    program = Counting(tmp_path)
    places = Places(program, Options(tmp_path, (tmp_path,)))
    for name in ("server", "client", "server", "server"):
        module = program.activate(tmp_path / f"{name}.py")
        assert module is not None
        assert places.runtime(module) == "grpc2connect_runtime"
    everything = Places(program, Options(tmp_path, (tmp_path,)))
    everything.note(places.noted())
    assert everything.runtime_roots() == [tmp_path]
    assert program.asked == {tmp_path / "server.py": 1, tmp_path / "client.py": 1}
