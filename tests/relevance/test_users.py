"""Who imports a module is looked up once, however often it is asked."""

from __future__ import annotations

from pathlib import Path

from grpc2connect.relevance import Relevance
from grpc2connect.schema import Schema
from grpc2connect.syntax import parse

FILES = {
    "libs/shop/clients.py": "import grpc\n\nCHANNEL = grpc.insecure_channel('localhost:1')\n",
    "apps/one/main.py": "from shop.clients import CHANNEL\n",
    "apps/two/main.py": "from shop.clients import CHANNEL\n",
    "apps/two/other.py": "from shop.prices import TABLE\n",
}


def test_imports_are_followed_once(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    schema, _ = Schema.load([])
    asked: list[tuple[Path, str]] = []

    def elsewhere(importer: Path, dotted: str) -> Path | None:
        asked.append((importer, dotted))
        return tmp_path / "libs" / Path(*dotted.split("."))

    relevance = Relevance([tmp_path / name for name in FILES], schema, lambda path: [str(path.parent)], elsewhere)
    clients = tmp_path / "libs/shop/clients.py"
    module = parse(clients, clients.read_text())
    names = {module: frozenset({"CHANNEL"})}
    users = relevance.users(names, {}, {module})
    assert users == {tmp_path / "apps/one/main.py", tmp_path / "apps/two/main.py"}
    once = list(asked)
    assert relevance.users({module: frozenset({"CHANNEL", "more"})}, {}, {module}) == users
    assert asked == once
