"""A file whose edits fail leaves what hangs on it, and no more: every other service moves, none in half."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given, settings
from hypothesis import strategies as st

from grpc2connect.engine import analyse
from grpc2connect.facts.reference import Reference
from grpc2connect.options import Options, RuntimeMode
from grpc2connect.results import RunResult, State
from grpc2connect.rules_api import Outcome, Registry, load
from grpc2connect.rules_api.registry import Rule
from tests.programs.test_mixed import PROTO

SERVICES = ("alpha", "beta", "gamma", "delta")
CLIENT = """\
import grpc

import NAME_pb2_grpc
from common import RETRIED

stub = NAME_pb2_grpc.NameStub(grpc.insecure_channel("NAME:1"))


def ask(request):
    try:
        return stub.SayBye(request, timeout=3)
    except grpc.RpcError as error:
        return error.code() in RETRIED
"""
SERVER = """\
import NAME_pb2_grpc


class Name(NAME_pb2_grpc.NameServicer):
    def SayBye(self, request, context):
        context.set_trailing_metadata((("a", "b"),))
        return request
"""
FILES = {
    "common.py": "import grpc\n\nRETRIED = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.ABORTED)\n",
    "main.py": (
        "import grpc\n\nimport alpha_pb2_grpc\nimport beta_pb2_grpc\nfrom alpha_server import Alpha\n"
        "from beta_server import Beta\n\n\ndef main(pool):\n    server = grpc.server(pool)\n"
        "    alpha_pb2_grpc.add_AlphaServicer_to_server(Alpha(), server)\n"
        "    beta_pb2_grpc.add_BetaServicer_to_server(Beta(), server)\n    return server\n"
    ),
    "pair.py": (
        "import grpc\n\nimport delta_pb2_grpc\nimport gamma_pb2_grpc\n\n\ndef ask(first, request):\n"
        '    channel = grpc.insecure_channel("pair:1")\n'
        "    stub = gamma_pb2_grpc.GammaStub(channel) if first else delta_pb2_grpc.DeltaStub(channel)\n"
        "    return stub.SayBye(request)\n"
    ),
    "desk.py": (
        "import grpc\n\nfrom alpha_client import ask\n\ntry:\n    ask(None)\n"
        "except grpc.RpcError as error:\n    print(error.code())\n"
    ),
    **{f"{name}_client.py": CLIENT.replace("NAME", name).replace("Name", name.title()) for name in SERVICES},
    **{f"{name}_server.py": SERVER.replace("NAME", name).replace("Name", name.title()) for name in ("alpha", "beta")},
}
HANG = {
    "common.py": set(),
    "desk.py": {"alpha"},
    "main.py": {"alpha", "beta"},
    "pair.py": {"gamma", "delta"},
    **{f"{name}_client.py": {name} for name in SERVICES},
    **{f"{name}_server.py": {name} for name in ("alpha", "beta")},
}
"""What hangs on each file: the services in it, and whose errors it catches."""
TOGETHER = ({"gamma", "delta"},)
"""Services that move together: `pair.py` calls one of them, and nobody knows which."""
CODES = ("G2C102", "G2C203", "G2C301", "G2C401", "G2C501", "G2C601", "G2C603", "")
"""Rules whose edits fail; "" for all."""


@cache
def stubs() -> dict[str, bytes]:
    """What protoc makes for the services."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for service in SERVICES:
            (folder / f"{service}.proto").write_text(
                PROTO.replace("Farewell", service.title()).replace("farewell", service)
            )
        command = [sys.executable, "-m", "grpc_tools.protoc", "-I.", "--python_out=.", "--grpc_python_out=."]
        subprocess.run([*command, *(f"{service}.proto" for service in SERVICES)], check=True, cwd=folder, timeout=60)
        return {path.name: path.read_bytes() for path in folder.iterdir()}


def repository(folder: Path) -> None:
    for name, data in stubs().items():
        (folder / name).write_bytes(data)
    for name, text in FILES.items():
        (folder / name).write_text(text)


def failing(files: frozenset[str], codes: frozenset[str]) -> Registry:
    """The rules, of which some make edits of some files that cannot be."""

    def spoiled(one: Rule) -> Rule:
        def function(reference: Reference) -> Iterator[Outcome]:
            for outcome in one.function(reference):
                spoil = reference.module.path.name in files and ("" in codes or one.code in codes)
                edits = tuple(replace(edit, pieces=(")(",)) for edit in outcome.edits) if spoil else outcome.edits
                yield replace(outcome, edits=edits)

        return replace(one, function=function)

    return Registry([spoiled(one) for one in load().rules])


def run(folder: Path, rules: Registry) -> RunResult:
    return analyse(Options(folder, (folder,), runtime=RuntimeMode.PACKAGE), rules=rules)


def write(result: RunResult) -> None:
    for change in result.changes:
        change.path.write_bytes(change.after)


def moved(result: RunResult) -> dict[str, set[bool]]:
    """Of each service whether what is about it alone moves."""
    found: dict[str, set[bool]] = {}
    for entry in result.ledger:
        if len(entry.units) == 1 and entry.kind != "Import":
            found.setdefault(entry.units[0].partition(".")[0], set()).add(entry.state is not State.LEFT)
    return found


def hanging(names: set[str]) -> set[str]:
    left = set().union(*(HANG[name] for name in names))
    return left.union(*(group for group in TOGETHER if group & left))


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.frozensets(st.sampled_from(sorted(FILES)), max_size=3), st.frozensets(st.sampled_from(CODES), min_size=1))
@example(frozenset(FILES), frozenset({""}))
@example(frozenset({"alpha_client.py"}), frozenset({""}))
@example(frozenset({"common.py"}), frozenset({""}))
@example(frozenset({"desk.py"}), frozenset({"G2C601"}))
@example(frozenset({"main.py", "pair.py"}), frozenset({""}))
def test_what_hangs_on_a_failing_file_stays_and_all_else_moves(files: frozenset[str], codes: frozenset[str]) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name).resolve()
        repository(folder)
        rules = failing(files, codes)
        result = run(folder, rules)
        assert result.audit.holds, result.audit
        said = {finding.place.path.name for finding in result.findings if finding.code == "G2C019"}
        assert said <= files
        if "" in codes:
            assert said == files
        states = moved(result)
        assert all(len(found) == 1 for found in states.values()), states  # none in half
        assert {name for name, found in states.items() if found == {False}} == hanging(said)
        texts = {change.path.name: change.after.decode() for change in result.changes if change.before is not None}
        if "" in codes:
            assert not texts.keys() & files
        for text in texts.values():
            ast.parse(text)
        write(result)
        assert run(folder, rules).changes == ()


def test_without_a_failing_file_all_of_it_moves(tmp_path: Path) -> None:
    repository(tmp_path)
    result = run(tmp_path, load())
    assert moved(result) == {name: {True} for name in SERVICES}
    assert {"G2C012", "G2C019"}.isdisjoint({finding.code for finding in result.findings})
