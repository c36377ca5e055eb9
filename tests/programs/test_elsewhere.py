"""Imports that no folder above their file has: another distribution of the repository, a file that is copied there."""

from __future__ import annotations

from pathlib import Path

from grpc2connect.facts.elsewhere import Elsewhere
from grpc2connect.results import State
from tests.programs.conftest import Program

TOP = Path("/repo")


def means(importer: str, dotted: str, *files: str) -> str | None:
    found = Elsewhere({str(TOP / name) for name in files}, str(TOP)).find(TOP / importer, dotted)
    return None if found is None else found.relative_to(TOP).as_posix()


def test_the_only_module_of_a_name() -> None:
    files = ("libs/clients/src/clients/__init__.py", "libs/clients/src/clients/stock.py", "demo/web/app.py")
    assert means("services/orders/app.py", "clients.stock", *files) == "libs/clients/src/clients/stock"
    assert means("services/orders/app.py", "clients", *files) == "libs/clients/src/clients"
    assert means("services/orders/app.py", "clients.other", *files) is None


def test_the_nearest_of_several() -> None:
    files = ("demo1/rpc/wrapper.py", "demo2/rpc/wrapper.py")
    assert means("demo1/web/app.py", "wrapper", *files) == "demo1/rpc/wrapper"
    assert means("demo3/web/app.py", "wrapper", *files) is None
    assert means("demo1/web/app.py", "wrapper", *files, "demo1/other/wrapper.py") is None


def test_not_what_only_looks_like_it() -> None:
    assert means("web/app.py", "stock", "clients/__init__.py", "clients/stock.py") is None  # it is `clients.stock`
    assert means("web/app.py", "redis", "rpc/tests/redis.py") is None
    assert means("web/app.py", "queue", "rpc/queue.py") is None  # the standard library's
    assert means("web/app.py", "rpc", "lib/rpc/stock.py") is None  # a folder, which has nothing to import


def test_a_client_that_comes_by_such_an_import(program: Program) -> None:
    program.write(
        "libs/clients/src/clients/__init__.py",
        "import grpc\nimport greeting_pb2_grpc\n\n\n"
        'def greeter():\n    return greeting_pb2_grpc.GreeterStub(grpc.insecure_channel("a:1"))\n',
    )
    program.write("libs/clients/pyproject.toml", '[project]\nname = "clients"\n')
    program.write(
        "services/web/app.py",
        "from clients import greeter\n\n\ndef ask(request):\n    return greeter().SayHello(request, timeout=3)\n",
    )
    result = program.migrate()
    assert "greeter().say_hello(request, timeout_ms=3000)" in program.text("services/web/app.py")
    assert not any(entry.state is State.LEFT for entry in result.ledger)
