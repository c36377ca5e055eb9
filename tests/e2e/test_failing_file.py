"""Two services in one repository, a client of one of which cannot be edited: the other moves, both go on as before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from grpc2connect.engine import run
from grpc2connect.options import Options
from grpc2connect.results import State
from tests.engine.test_failing_files import stubs

SERVICE = """\
import grpc

import NAME_pb2
import NAME_pb2_grpc


class Name(NAME_pb2_grpc.NameServicer):
    def SayBye(self, request, context):
        if request.name == "nobody":
            context.abort(grpc.StatusCode.NOT_FOUND, "NAME does not know them")
        return NAME_pb2.Bye(name=f"NAME says bye to {request.name}")
"""
CLIENT = """\
import grpc

import NAME_pb2
import NAME_pb2_grpc
from codes import EXPECTED


def ask(target, name):
    with grpc.insecure_channel(target) as channel:
        stub = NAME_pb2_grpc.NameStub(channel)
        try:
            return stub.SayBye(NAME_pb2.Bye(name=name), timeout=20).name
        except grpc.RpcError as error:
            return error.code() in EXPECTED, isinstance(error, grpcMORE.Call), error.details()
"""
MAIN = """\
from concurrent import futures

import grpc

import NAME_client
import NAME_pb2_grpc
from NAME_service import Name

if __name__ == "__main__":
    server = grpc.server(futures.ThreadPoolExecutor(2))
    NAME_pb2_grpc.add_NameServicer_to_server(Name(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    for name in ("all", "nobody"):
        print(NAME_client.ask(f"127.0.0.1:{port}", name))
    server.stop(None).wait(20)
"""
CODES = "import grpc\n\nEXPECTED = (grpc.StatusCode.NOT_FOUND,)\n"
COMMENT = "  # with its code\n            "
"""Within a name that becomes others, where no edit can keep it."""


def printed(folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("G2C_", "PYTHONPATH"))}
    said = ""
    for name in ("alpha_main.py", "beta_main.py"):
        command = [sys.executable, name]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        said += done.stdout
    return said


def test_a_client_that_cannot_be_edited(tmp_path: Path) -> None:
    for name, data in stubs().items():
        if name.startswith(("alpha", "beta")):
            (tmp_path / name).write_bytes(data)
    for name, more in (("alpha", COMMENT), ("beta", "")):
        for kind, text in (("service", SERVICE), ("client", CLIENT), ("main", MAIN)):
            text = text.replace("NAME", name).replace("Name", name.title()).replace("MORE", more)
            (tmp_path / f"{name}_{kind}.py").write_text(text)
    (tmp_path / "codes.py").write_text(CODES)
    before = printed(tmp_path)
    assert before.count("(True, True, ") == 2

    options = Options(tmp_path, (tmp_path,))
    result = run(options)
    assert result.audit.holds, result.audit
    [finding] = [finding for finding in result.findings if finding.code == "G2C019"]
    assert finding.place.path.name == "alpha_client.py"
    assert "a comment would be lost: # with its code" in finding.message
    assert finding.message.endswith("on gRPC stays what hangs on it: alpha.Alpha")
    for entry in result.ledger:
        if entry.behaviour and len(entry.units) == 1:
            assert (entry.state is State.LEFT) == (entry.units == ("alpha.Alpha",)), entry
    for change in result.changes:
        change.path.parent.mkdir(parents=True, exist_ok=True)
        change.path.write_bytes(change.after)
    changed = {change.path.name for change in result.changes if change.before is not None}
    assert changed == {"beta_client.py", "beta_service.py", "beta_main.py"}
    assert printed(tmp_path) == before
    assert run(options).changes == ()
