"""Imports that no folder above their file has: another distribution of the repository, a file that is copied there."""

from __future__ import annotations

from pathlib import Path

import pytest

from grpc2connect.facts.elsewhere import Elsewhere
from grpc2connect.facts.libraries import Libraries
from grpc2connect.options import Options
from grpc2connect.results import State
from grpc2connect.sources.required import lists
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


def test_a_package_around_the_importer() -> None:
    files = ("src/__init__.py", "src/shop/__init__.py", "src/shop/stock.py", "src/shop/web/__init__.py")
    assert means("src/shop/web/app.py", "shop.stock", *files) == "src/shop/stock"
    assert means("src/shop/web/app.py", "stock", *files) == "src/shop/stock"
    assert means("demo/app.py", "stock", *files) is None
    assert means("src/shop/web/app.py", "shop.other", *files) is None


def test_distributions_in_folders_with_an_init(program: Program, tmp_path: Path) -> None:
    for folder in ("shop", "shop/src", "shop/src/shop_package", "shop/tests"):
        program.write(f"{folder}/__init__.py", "")
    program.write("shop/src/setup.py", 'from setuptools import setup\n\nsetup(name="shop")\n')
    for stubs in ("greeting_pb2.py", "greeting_pb2_grpc.py"):
        program.write(f"shop/src/shop_package/rpc/{stubs}", program.text(stubs))
        (tmp_path / stubs).unlink()
    program.write(
        "shop/src/shop_package/service.py",
        "from shop_package.rpc import greeting_pb2, greeting_pb2_grpc\n\n\n"
        "class Greeter(greeting_pb2_grpc.GreeterServicer):\n"
        "    def SayHello(self, request, context):\n        return greeting_pb2.HelloReply()\n",
    )
    program.write(
        "shop/tests/test_service.py",
        "import grpc\n\nfrom shop_package.service import Greeter\n"
        "from shop_package.rpc.greeting_pb2_grpc import GreeterStub\n\n\n"
        "def ask(channel: grpc.Channel, request):\n    return GreeterStub(channel).SayHello(request)\n\n\n"
        "def test_it():\n    Greeter().SayHello(None, None)\n",
    )
    result = program.migrate()
    assert [entry for entry in result.ledger if entry.state is State.LEFT] == []
    assert "from shop_package.rpc import greeting_connect, greeting_pb2\n" in program.text(
        "shop/src/shop_package/service.py"
    )
    test = program.text("shop/tests/test_service.py")
    assert "from shop_package.rpc.greeting_connect import GreeterClientSync\n" in test
    assert "Greeter().say_hello(None, None)" in test
    assert program.run().changes == ()


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


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, True),
        ({"services/web/requirements.txt": "clients==2.1\n"}, False),
        (
            {"pyproject.toml": '[project]\nname = "all"\ndependencies = ["Clients[x] >= 2; python_version > \'3\'"]\n'},
            False,
        ),
        ({"services/web/setup.cfg": "[options]\ninstall_requires =\n    clients>1\n"}, False),
        (
            {"services/web/setup.py": 'from setuptools import setup\nsetup(name="w", install_requires=["clients"])\n'},
            False,
        ),
        ({"Pipfile": '[packages]\nclients = "*"\n'}, False),
        ({"services/web/requirements/base.txt": "clients\n"}, False),
        ({"services/web/pyproject.toml": '[tool.poetry.group.dev.dependencies]\nclients = "^1"\n'}, False),
        # Of the project: by its path, as a part of a workspace, or since it is a distribution of this name.
        ({"services/web/requirements.txt": "-e ../../libs/clients\n../../libs/clients\nlibs/clients\n"}, True),
        ({"services/web/requirements.txt": "clients @ file:///repo/libs/clients\n"}, True),
        (
            {"services/web/pyproject.toml": '[tool.poetry.dependencies]\nclients = {path = "../../libs/clients"}\n'},
            True,
        ),
        (
            {
                "services/web/pyproject.toml": '[project]\ndependencies = ["clients"]\n'
                "[tool.uv.sources]\nclients = { workspace = true }\n"
            },
            True,
        ),
        (
            {
                "services/web/requirements.txt": "clients\n",
                "libs/clients/pyproject.toml": '[project]\nname = "clients"\n',
            },
            True,
        ),
        # Of others: a service beside it, a library of another name, a file that cannot be read.
        ({"services/other/requirements.txt": "clients\n"}, True),
        ({"services/web/requirements.txt": "clients-extra\ngit+https://host/clients\n"}, True),
        ({"pyproject.toml": "[project\n"}, True),
        # Installed.
        ({".venv/lib/python3.12/site-packages/clients/__init__.py": ""}, False),
        ({".venv/lib/python3.12/site-packages/clients/stock/__init__.py": ""}, False),
        ({".venv/lib/python3.12/site-packages/clients/other.py": ""}, True),
        (
            {
                ".venv/lib/python3.12/site-packages/clients/__init__.py": "",
                ".venv/lib/python3.12/site-packages/our_clients-1.0.dist-info/METADATA": "",
                "libs/clients/pyproject.toml": '[project]\nname = "our.clients"\n',
            },
            True,
        ),
    ],
)
def test_libraries_are_asked_first(files: dict[str, str], found: bool, tmp_path: Path) -> None:
    module = tmp_path / "libs" / "clients" / "clients" / "stock.py"
    for name, text in {**files, "libs/clients/clients/__init__.py": "", "libs/clients/clients/stock.py": ""}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    environment = [one for one in [tmp_path / ".venv" / "lib" / "python3.12" / "site-packages"] if one.is_dir()]
    libraries = Libraries(lambda: lists(Options(tmp_path, (tmp_path,))), environment)
    known = {str(path) for path in tmp_path.rglob("*.py") if ".venv" not in path.parts}
    means = Elsewhere(known, str(tmp_path), libraries).find(tmp_path / "services" / "web" / "app.py", "clients.stock")
    assert means == (module.with_suffix("") if found else None)


def test_a_library_of_the_name_of_a_client(program: Program) -> None:
    client = "    return greeting_pb2_grpc.GreeterStub(grpc.insecure_channel('a:1'))\n"
    program.write("libs/clients/__init__.py", f"import grpc\nimport greeting_pb2_grpc\n\n\ndef greeter():\n{client}")
    source = "from clients import greeter\n\n\ndef ask(request):\n    return greeter().open(request, timeout=3)\n"
    program.write("services/web/app.py", source)
    program.write("services/web/requirements.txt", "clients\n")
    program.migrate()
    assert "insecure_channel('a:1').client(" in program.text("libs/clients/__init__.py")
    assert program.text("services/web/app.py") == source


IMPORTER = (
    "import grpc\nimport greeting_pb2_grpc\n\n\n"
    "def ask(request):\n    stub = greeting_pb2_grpc.GreeterStub(grpc.insecure_channel('a:1'))\n"
    "    return stub.SayHello(request)\n"
)


def two_copies(program: Program, **files: str) -> None:
    """Generated modules of one name in two folders, which say different things."""
    for name in ("greeting_pb2.py", "greeting_pb2_grpc.py"):
        text = program.text(name)
        program.write(f"old/{name}", text.replace("SayHello", "SayHallo"))
        program.write(f"gen/{name}", text)
        (program.folder / name).unlink()
    program.write("app/client.py", IMPORTER)
    for name, text in files.items():
        program.write(name.replace("__", "/"), text)


def test_stubs_where_a_dockerfile_says_that_imports_start(program: Program) -> None:
    two_copies(program, Dockerfile="FROM python:3.12\nWORKDIR /srv\nCOPY . .\nENV PYTHONPATH=/srv/gen\n")
    result = program.migrate()
    assert [entry for entry in result.ledger if entry.state is State.LEFT] == []
    assert "stub.say_hello(request)" in program.text("app/client.py")
    assert (program.folder / "gen" / "greeting_connect.py").exists()
    assert not (program.folder / "gen" / "grpc2connect_runtime").exists()
    assert program.run().changes == ()


def test_stubs_of_which_nothing_says_where_they_are_stay(program: Program) -> None:
    two_copies(program, Dockerfile="FROM python:3.12\nWORKDIR /srv\nCOPY . .\nENV PYTHONPATH=/srv/gen:/srv/old\n")
    assert program.migrate().changes == ()


def test_a_dockerfile_of_another_service_says_nothing(program: Program) -> None:
    two_copies(program, other__Dockerfile="FROM python:3.12\nWORKDIR /srv\nCOPY . .\nENV PYTHONPATH=/srv/gen\n")
    assert program.migrate().changes == ()


def test_a_module_where_pytest_says_that_imports_start(program: Program) -> None:
    made = "import grpc\nimport greeting_pb2_grpc\n\n\ndef greeter():\n    return greeting_pb2_grpc.GreeterStub({})\n"
    program.write("libs/a/clients.py", made.format("grpc.insecure_channel('a:1')"))
    program.write("libs/b/clients.py", "def greeter():\n    return None\n")
    program.write(
        "web/app.py", "import clients\n\n\ndef ask(request):\n    return clients.greeter().SayHello(request)\n"
    )
    assert "greeter().SayHello" in program.text("web/app.py")
    program.write("pytest.ini", "[pytest]\npythonpath = libs/a\n")
    program.migrate()
    assert "clients.greeter().say_hello(request)" in program.text("web/app.py")
