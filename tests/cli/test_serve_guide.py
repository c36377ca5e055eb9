"""`serve-guide` on migrated projects: what it reads, what it prints, what it has written."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grpc2connect.cli import run
from grpc2connect.serving.table import table

REPOSITORY = Path(__file__).parents[2]
Run = Callable[..., tuple[int, str, str]]

CONNECT = """
class {name}ASGIApplication(ConnectASGIApplication[{name}]):
    def __init__(self, service, *, interceptors=()):
        super().__init__(
            service=service,
            endpoints=lambda svc: {{
                "/shop.v1.{name}/Get": Endpoint.unary(
                    method=MethodInfo(
                        name="Get", service_name="shop.v1.{name}", input=Ask, output=Answer,
                        idempotency_level=IdempotencyLevel.UNKNOWN, stream_type=StreamType.{kind},
                    ),
                    function=svc.get,
                ),
            }},
        )
"""
SERVER = """
from concurrent import futures

from grpc2connect_runtime import Server
from . import shop_connect
from .store import Store

WORKERS = 4


class Stock(shop_connect.Stock):
    def __init__(self, store):
        self.store = store

    def get(self, request, context):
        return self.store.get(request)


def make_server(store, name="main"):
    options = [("a", WORKERS)]
    server = Server(futures.ThreadPoolExecutor(WORKERS), options=options, wire="grpcio")
    server.add_service(shop_connect.StockASGIApplication, Stock(store))
    server.add_service(shop_connect.OrdersASGIApplication, Stock(Store(name)))
    server.add_insecure_port("[::]:50051")
    return server


if __name__ == "__main__":
    make_server(Store("x")).start()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "__init__.py").touch()
    applications = CONNECT.format(name="Stock", kind="UNARY") + CONNECT.format(name="Orders", kind="BIDI_STREAM")
    (folder / "shop_connect.py").write_text(applications)
    (folder / "server.py").write_text(SERVER)
    (folder / "store.py").write_text("class Store:\n    def __init__(self, name):\n        self.name = name\n")
    return tmp_path


@pytest.fixture
def guide(project: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(["serve-guide", *arguments, str(project)])
        output = capfdbinary.readouterr()
        return code, output.out.decode(), output.err.decode()

    return call


def only(guide: Run, *arguments: str) -> dict[str, Any]:
    code, out, _ = guide("--json", *arguments)
    assert code == 0
    (program,) = json.loads(out)["programs"]
    found: dict[str, Any] = program
    return found


def test_what_a_program_serves_is_read(guide: Run) -> None:
    program = only(guide)
    assert (program["module"], program["function"], program["kind"]) == ("shop.server", "make_server", "sync")
    assert (program["place"], program["wire"]) == ("shop/server.py:21", "grpcio")
    assert program["services"] == [
        {"name": "shop.v1.Stock", "methods": {"Get": "unary"}, "handlers": "threads"},
        {"name": "shop.v1.Orders", "methods": {"Get": "bidi"}, "handlers": "threads"},
    ]


def test_each_server_says_what_it_carries_of_these_kinds(guide: Run) -> None:
    program = only(guide)
    servers = {server["name"]: server for server in program["servers"]}
    assert list(servers) == [server.name for server in table().servers if server.of != "aio"]
    assert servers["hypercorn"]["carries"] == {
        "Connect": ["unary", "bidi"],
        "gRPC-Web": ["unary"],
        "gRPC": ["unary", "bidi"],
    }
    assert servers["uvicorn"]["carries"]["gRPC"] == []
    assert servers["gunicorn-gthread"]["carries"]["Connect"] == ["unary"]
    assert servers["Server-dual"]["commands"] == {"tcp": "python -m shop.server"}
    assert servers["uvicorn"]["commands"]["tcp"].startswith("uvicorn shop.asgi:app ")
    assert "gRPC" in servers["uvicorn"]["limits"][0]


def test_the_module_for_servers_makes_the_same_server(guide: Run) -> None:
    code, text, notes = guide("--app-module")
    assert code == 0
    assert notes == "to be filled in: store: make_server() is given it\n"
    assert text.splitlines()[2:] == [
        "from concurrent import futures",
        "from grpc2connect_runtime import Server",
        "from shop.server import Stock",
        "from shop.server import WORKERS",
        "from shop.shop_connect import OrdersASGIApplication",
        "from shop.shop_connect import StockASGIApplication",
        "from shop.store import Store",
        "",
        "options = [('a', WORKERS)]",
        "store = ...  # make_server() is given it: put here what it is to be",
        "name = 'main'",
        "server = Server(futures.ThreadPoolExecutor(WORKERS), options=options)",
        "server.add_service(StockASGIApplication, Stock(store))",
        "server.add_service(OrdersASGIApplication, Stock(Store(name)))",
        "app = server.app",
        "wsgi_app = server.wsgi_app",
    ]


def test_a_module_that_is_there_is_used(guide: Run, project: Path) -> None:
    _, text, _ = guide("--app-module")
    (project / "shop" / "asgi.py").write_text(text.replace("...", "Store('x')"))
    program = only(guide)
    assert program["module"] == "shop.server"
    assert program["app_module"]["is_there"]
    assert "is to be written" not in guide()[1]


def test_the_text_names_what_matters(guide: Run) -> None:
    code, text, _ = guide("--server", "uvicorn", "--server", "Server-dual")
    assert code == 0
    lines = text.splitlines()
    assert lines[:3] == [
        "shop/server.py:21  Server, made by make_server()",
        "  shop.v1.Stock: 1 unary; handlers: threads",
        "  shop.v1.Orders: 1 bidi; handlers: threads",
    ]
    assert [line.split()[:5] for line in lines[4:7]] == [
        ["server", "Connect", "gRPC-Web", "gRPC", "SIGTERM"],
        ["Server-dual", "all", "all", "all", "waits"],
        ["uvicorn", "all", "all", "no", "waits"],
    ]
    assert "  shop.asgi is to be written once: grpc2connect serve-guide --app-module > shop/asgi.py" in lines
    assert "    then fill in store: make_server() is given it" in lines


def test_two_servers_in_a_folder_have_modules_of_their_own(guide: Run, project: Path) -> None:
    (project / "shop" / "other.py").write_text(SERVER)
    code, out, _ = guide("--json")
    assert code == 0
    names = {program["module"]: program["app_module"]["name"] for program in json.loads(out)["programs"]}
    assert names == {"shop.server": "shop.server_asgi", "shop.other": "shop.other_asgi"}
    code, _, notes = guide("--app-module")
    assert code == 2
    assert "name one by --program: shop.other, shop.server" in notes
    assert guide("--app-module", "--program", "shop.other")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--server", "unicorn"], "no server is called 'unicorn'; did you mean '"),
        (["--program", "shop.none"], "no server is made in shop.none; there are shop.server"),
    ],
)
def test_what_is_not_there_is_said_in_a_line(guide: Run, arguments: list[str], said: str) -> None:
    code, _, notes = guide(*arguments)
    assert code == 2
    assert said in notes
    assert notes.count("\n") == 1


def test_a_folder_without_servers_is_said_to_be_one(guide: Run, project: Path) -> None:
    shutil.rmtree(project / "shop")
    code, _, notes = guide()
    assert code == 2
    assert "no migrated server was found here" in notes


def test_a_file_that_cannot_be_parsed_costs_that_file(guide: Run, project: Path) -> None:
    (project / "shop" / "broken.py").write_text("class X(:\n")
    code, out, notes = guide()
    assert code == 3
    assert "shop/server.py:21" in out
    assert "broken.py" in notes


def test_importing_the_program_must_not_start_it(guide: Run, project: Path) -> None:
    server = project / "shop" / "server.py"
    server.write_text(server.read_text().replace('if __name__ == "__main__":\n    make_server', "make_server"))
    assert "importing shop.server starts it" in guide("--app-module")[2]


def test_applications_and_servers_made_elsewhere_are_named(guide: Run, project: Path) -> None:
    (project / "shop" / "native.py").write_text(
        "from shop.shop_connect import StockASGIApplication\napp = StockASGIApplication(object())\n"
    )
    (project / "shop" / "adding.py").write_text(
        "from shop.shop_connect import StockASGIApplication as S\n"
        "def add(server):\n    server.add_service(S, object())\n"
    )
    _, text, _ = guide()
    assert "shop.native:app is an application of shop.v1.Stock as it is" in text
    assert "shop/adding.py:3 adds shop.v1.Stock to a server that is made elsewhere" in text


def test_what_a_guard_binds_is_brought_along_and_not_imported(guide: Run, project: Path) -> None:
    server = project / "shop" / "server.py"
    text = server.read_text().partition("def make_server")[0]
    server.write_text(
        text
        + """
if __name__ == "__main__":
    store = Store("y")
    for service in [Stock(store)]:
        pass
    server = Server(futures.ThreadPoolExecutor(WORKERS))
    server.add_service(shop_connect.StockASGIApplication, Stock(store))
    server.add_service(shop_connect.OrdersASGIApplication, service)
"""
    )
    _, text, notes = guide("--app-module")
    assert "store = Store('y')\n" in text
    assert "import store" not in text
    assert notes.startswith("to be filled in: service: shop.server makes it, line 22\n")


def test_files_in_folders_that_are_no_packages(guide: Run, project: Path) -> None:
    """Modules count from where others import them; servers of one name are told apart by their files."""
    (project / "shop" / "__init__.py").unlink()
    (project / "shop" / "server.py").unlink()
    text = SERVER.replace("from . import", "from shop import").replace("from .store", "from shop.store")
    for name in ("one", "two"):
        (project / name).mkdir()
        (project / name / "main.py").write_text(text)
    code, out, _ = guide("--json")
    assert code == 0
    programs = json.loads(out)["programs"]
    assert [(one["module"], one["folder"]) for one in programs] == [("main", "one"), ("main", "two")]
    assert "from shop.shop_connect import StockASGIApplication\n" in programs[0]["app_module"]["text"]
    assert "name one by --program: one/main.py, two/main.py" in guide("--app-module")[2]
    code, text, _ = guide("--program", "two/main.py", "--server", "uvicorn")
    assert code == 0
    assert text.startswith("two/main.py:21  Server, made by make_server()")
    assert "run it in two, or with that on PYTHONPATH" in text


def test_a_server_for_what_it_is_handed_is_named(guide: Run, project: Path) -> None:
    server = project / "shop" / "server.py"
    server.write_text(
        "from grpc2connect_runtime import Server, add_service_to\n"
        "def make(add, servicer):\n    server = Server()\n    add_service_to(server, add, servicer)\n"
    )
    code, text, _ = guide()
    assert code == 0
    assert "shop/server.py:3 makes a server for services that it is handed: see who calls it" in text
    assert "no server was found for shop.v1.Stock, shop.v1.Orders" in text


@pytest.mark.parametrize("name", ["routes_src", "noprotos"])
def test_a_fixture_project_that_was_migrated(name: str, tmp_path: Path) -> None:
    """The whole way: migrate, ask, write the module, import it where nothing has to be filled in."""
    folder = tmp_path / name
    shutil.copytree(REPOSITORY / "fixtures" / "projects" / name, folder)
    tool(folder, "migrate", "--allow-no-vcs", "--quiet", ".")
    programs = json.loads(tool(folder, "serve-guide", "--json", "."))["programs"]
    assert programs
    for program in programs:
        module = program["app_module"]
        compile(module["text"], module["name"], "exec")
        source = folder / ("src" if name == "routes_src" else "")
        (source / f"{module['name'].replace('.', '/')}.py").write_text(module["text"])
        if not module["holes"]:
            check = f"import {module['name']} as made; assert made.app.apps, made.wsgi_app"
            environment = {**os.environ, "PYTHONPATH": str(source)}
            subprocess.run([sys.executable, "-c", check], cwd=folder, env=environment, check=True, timeout=60)


def tool(folder: Path, *arguments: str) -> str:
    paths = os.pathsep.join(str(REPOSITORY / part) for part in ("codemod", "rules", "runtime"))
    done = subprocess.run(
        [sys.executable, "-m", "grpc2connect", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
