"""A part of a project becomes what the whole would make of it, or stays where code outside belongs together with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from grpc2connect.engine import run
from grpc2connect.options import Options
from grpc2connect.results import RunResult, State
from tests.programs.conftest import Program

SERVICER = (
    "from gen import greeting_pb2_grpc\n\n\n"
    "class Greeter(greeting_pb2_grpc.GreeterServicer):\n"
    "    def SayHello(self, request, context):\n        return None\n"
)
MAIN = (
    "from concurrent import futures\n\nimport grpc\n\nfrom gen import greeting_pb2_grpc\n{more}\n\n"
    "def main():\n    server = grpc.server(futures.ThreadPoolExecutor())\n"
    "    greeting_pb2_grpc.add_GreeterServicer_to_server({servicer}(), server)\n"
)
CLIENT = (
    "import grpc\n\nfrom gen import greeting_pb2_grpc\n\n\n"
    "def stub(target):\n    return greeting_pb2_grpc.GreeterStub(grpc.insecure_channel(target))\n"
)


@pytest.fixture
def project(program: Program) -> Program:
    """Stubs in `gen`, a server in `server`, a client in `client`: two programs that share only the stubs."""
    (program.folder / "gen").mkdir()
    program.write("gen/__init__.py", "")
    for name in ("greeting_pb2.py", "greeting_pb2_grpc.py"):
        (program.folder / name).rename(program.folder / "gen" / name)
    program.write("server/__init__.py", "")
    program.write("server/service.py", SERVICER)
    program.write("server/main.py", MAIN.format(more="from server.service import Greeter\n", servicer="Greeter"))
    program.write("client/__init__.py", "")
    program.write("client/client.py", CLIENT)
    return program


def part(project: Program, *names: str, **settings: object) -> RunResult:
    paths = tuple(project.folder / name for name in names)
    return run(Options(project.folder, paths, project=project.folder, **settings))  # type: ignore[arg-type]


def after(result: RunResult, folder: Path) -> dict[str, bytes]:
    return {change.path.relative_to(folder).as_posix(): change.after for change in result.changes}


def outside(result: RunResult) -> list[str]:
    return [finding.message for finding in result.findings if finding.code == "G2C012"]


def test_a_part_becomes_what_it_becomes_with_the_whole(project: Program) -> None:
    whole = after(project.run(), project.folder)
    server, client = (after(part(project, name), project.folder) for name in ("server", "client"))
    for name in ("server/service.py", "server/main.py", "gen/greeting_connect.py"):
        assert server[name] == whole[name]
    assert client["client/client.py"] == whole["client/client.py"]
    assert "client/client.py" not in server
    assert not {"server/service.py", "server/main.py"} & client.keys()


def test_code_outside_that_uses_the_objects_keeps_the_service(project: Program) -> None:
    project.write("tools/__init__.py", "")
    project.write("tools/try_it.py", "from server.service import Greeter\n\nGreeter().SayHello(None, None)\n")
    result = part(project, "server")
    assert result.changes == ()
    assert {entry.state for entry in result.ledger} == {State.LEFT}
    assert {entry.place.path.parent.name for entry in result.ledger} == {"server"}
    assert outside(result) == [
        "hello.flat.Greeter stays on gRPC: tools/try_it.py belongs to it and is not among the given files"
    ]
    assert "tools/try_it.py" in after(part(project, "server", "tools"), project.folder)


def test_objects_from_outside_keep_the_service(project: Program) -> None:
    project.write("common/__init__.py", "")
    project.write("common/channels.py", "import grpc\n\n\ndef channel():\n    return grpc.insecure_channel('here:1')\n")
    using = CLIENT.replace("import grpc\n", "from common.channels import channel\n")
    project.write("client/client.py", using.replace("grpc.insecure_channel(target)", "channel()"))
    result = part(project, "client")
    assert result.audit.holds
    assert result.changes == ()
    assert "common/channels.py" in outside(result)[0]
    assert "client/client.py" in after(part(project, "client", "common"), project.folder)


def test_what_is_excluded_is_seen(project: Program) -> None:
    project.write("legacy/__init__.py", "")
    project.write(
        "legacy/sub.py",
        "from server.service import Greeter\n\n\nclass Old(Greeter):\n"
        "    def SayHello(self, request, context):\n        return super().SayHello(request, context)\n",
    )
    result = part(project, ".", exclude=("legacy/",))
    assert "server/service.py" not in after(result, project.folder)
    assert "legacy/sub.py belongs to it" in outside(result)[0]


def test_what_is_wrong_outside_is_not_reported(project: Program) -> None:
    project.write("other/broken.py", "def (:\n")
    project.write("other/broken.proto", "syntax = ;\n")
    result = part(project, "server")
    assert result.errors == ()
    assert "server/service.py" in after(result, project.folder)


def test_a_part_that_is_migrated_stays_migrated(project: Program) -> None:
    for change in part(project, "client").changes:
        change.path.parent.mkdir(parents=True, exist_ok=True)
        change.path.write_bytes(change.after)
    assert part(project, "client").changes == ()
    assert "server/service.py" in after(part(project, "server"), project.folder)


CALLING = CLIENT + "\n\ndef ask(target):\n    return stub(target).SayHello(None)\n"
HANDLING = (
    "import grpc\n\nfrom {where} import ask\n\n\ndef main():\n    try:\n        ask('here:1')\n"
    "    except {error}:\n        print('no answer')\n"
)


@pytest.mark.parametrize("passed_on", [False, True])
def test_what_catches_errors_outside_keeps_the_service(project: Program, passed_on: bool) -> None:
    project.write("client/client.py", CALLING)
    project.write("app/__init__.py", "")
    project.write("app/asking.py", "from client import client\n\n\ndef ask(target):\n    return client.ask(target)\n")
    where = "app.asking" if passed_on else "client.client"
    project.write("app/main.py", HANDLING.format(where=where, error="grpc.RpcError"))
    result = part(project, "client")
    assert result.audit.holds
    assert result.changes == ()
    assert outside(result) == [
        "hello.flat.Greeter stays on gRPC: app/main.py belongs to it and is not among the given files"
    ]
    assert {"client/client.py", "app/main.py"} <= after(part(project, "client", "app"), project.folder).keys()


def test_what_catches_errors_of_other_things_keeps_nothing(project: Program) -> None:
    project.write("client/client.py", CALLING)
    project.write("app/__init__.py", "")
    project.write("app/asking.py", "def ask(target):\n    return target\n")
    project.write("app/main.py", HANDLING.format(where="app.asking", error="grpc.RpcError"))
    project.write("tools/__init__.py", "")
    project.write(
        "tools/main.py", HANDLING.format(where="client.client", error="ValueError").replace("import grpc", "")
    )
    assert "client/client.py" in after(part(project, "client"), project.folder)
