"""Tests of servicers: mocks and fakes of contexts see after the migration what they saw before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import grpc2connect_runtime
from grpc2connect.results import RunResult
from tests.programs.conftest import Program

SERVICE = """import grpc
import greeting_pb2
import greeting_pb2_grpc


class Greeter(greeting_pb2_grpc.GreeterServicer):
    def SayHello(self, request, context):
        if not request.name:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "a name")
        if request.name == "x":
            context.set_code(grpc.StatusCode.NOT_FOUND)
            context.set_details("no x")
            return greeting_pb2.HelloReply()
        return greeting_pb2.HelloReply(message=request.name)
"""
HEAD = """import unittest
from unittest.mock import MagicMock, Mock, create_autospec

import grpc
import pytest
import greeting_pb2
from service import Greeter

NOBODY = greeting_pb2.HelloRequest()
UNKNOWN = greeting_pb2.HelloRequest(name="x")
WRONG = (grpc.StatusCode.INVALID_ARGUMENT, "a name")


"""
CALLS = {
    "a mock": """def test_mock():
    context = MagicMock()
    Greeter().SayHello(NOBODY, context)
    context.abort.assert_called_once_with(*WRONG)
    Greeter().SayHello(UNKNOWN, context)
    context.set_code.assert_called_once_with(grpc.StatusCode.NOT_FOUND)
    context.set_details.assert_called_once_with("no x")
""",
    "mocks with a spec": """@pytest.fixture(name="greeter")
def made():
    return Greeter()


@pytest.mark.parametrize("context", [Mock(spec=grpc.ServicerContext), create_autospec(grpc.ServicerContext)])
def test_spec(greeter, context):
    context.abort.side_effect = RuntimeError
    with pytest.raises(RuntimeError):
        greeter.SayHello(NOBODY, context)
    context.abort.assert_called_once_with(*WRONG)
    assert isinstance(Mock(spec=grpc.ServicerContext), grpc.ServicerContext)
    with pytest.raises(AttributeError):
        context.nothing_of_the_sort()
""",
    "a test case": """class Case(unittest.TestCase):
    def setUp(self):
        self.greeter, self.context = Greeter(), Mock()

    def test_case(self):
        self.greeter.SayHello(NOBODY, self.context)
        self.assertEqual(self.context.abort.call_args.args[0], grpc.StatusCode.INVALID_ARGUMENT)
""",
    "no context": """def test_none():
    assert Greeter().SayHello(greeting_pb2.HelloRequest(name="y"), None).message == "y"
    with pytest.raises(AttributeError):
        Greeter().SayHello(NOBODY, None)
""",
    "a fake": """class Aborted(Exception):
    pass


class Fake:
    def abort(self, code, details):
        self.code = code
        raise Aborted


def test_fake():
    fake = Fake()
    with pytest.raises(Aborted):
        Greeter().SayHello(NOBODY, fake)
    assert fake.code == grpc.StatusCode.INVALID_ARGUMENT and fake.code.value[0] == 3
""",
    "a context of its own": """class Own(grpc.ServicerContext):
    def __init__(self):
        self.aborted = None

    def abort(self, code, details):
        self.aborted = (code, details)
        raise RuntimeError

    def _no(self, *args):
        raise NotImplementedError

    abort_with_status = add_callback = auth_context = cancel = invocation_metadata = is_active = peer = _no
    peer_identities = peer_identity_key = send_initial_metadata = set_code = set_details = _no
    set_trailing_metadata = time_remaining = _no


def test_own():
    own = Own()
    with pytest.raises(RuntimeError):
        Greeter().SayHello(NOBODY, own)
    assert own.aborted == WRONG
    assert isinstance(own, grpc.ServicerContext)
    with pytest.raises(NotImplementedError):
        own.code()
""",
    "grpc_testing": """def test_server():
    import grpc_testing

    service = greeting_pb2.DESCRIPTOR.services_by_name["Greeter"]
    server = grpc_testing.server_from_dictionary({service: Greeter()}, grpc_testing.strict_real_time())
    rpc = server.invoke_unary_unary(service.methods_by_name["SayHello"], (), NOBODY, 10)
    response, trailing, code, details = rpc.termination()
    assert (code, details) == WRONG
    assert code is grpc.StatusCode.INVALID_ARGUMENT
""",
}


def passes(program: Program) -> None:
    """Run the program's tests."""
    runtime = str(Path(grpc2connect_runtime.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=.", "test_service.py"],
        cwd=program.folder, env={**os.environ, "PYTHONPATH": f"{program.folder}:{runtime}"}, capture_output=True,
        text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def migrated(program: Program, tests: str, service: str = SERVICE) -> RunResult:
    """Migrate a service and its tests."""
    program.write("service.py", service)
    program.write("test_service.py", HEAD + tests)
    return program.migrate()


@pytest.mark.parametrize("name", sorted(set(CALLS) - {"grpc_testing"}))
def test_handlers_that_tests_call_go_on_calling_the_context(program: Program, name: str) -> None:
    migrated(program, CALLS[name])
    service = program.text("service.py")
    assert "say_hello" in service
    assert "context.abort(" in service and "context.set_code(" in service


def test_all_of_them_pass_before_and_after(program: Program) -> None:
    tests = "\n\n".join(CALLS[name] for name in CALLS if name != "grpc_testing")
    program.write("service.py", SERVICE)
    program.write("test_service.py", HEAD + tests)
    passes(program)
    migrated(program, tests)
    assert "import grpc\n" not in program.text("test_service.py")
    passes(program)


def test_a_wrapper_elsewhere_keeps_the_contexts_of_handlers(program: Program) -> None:
    program.write("wrapper.py", "import grpc\nimport service\n\n\nclass Wrapper(grpc.ServicerContext):\n    pass\n")
    migrated(program, "")
    assert "context.abort(" in program.text("service.py")
    assert "class Wrapper(CustomServicerContext)" in program.text("wrapper.py")


def test_without_tests_nothing_keeps_it(program: Program) -> None:
    migrated(program, "def test_nothing():\n    assert Greeter\n")
    assert "context." not in program.text("service.py")


def test_a_server_of_grpc_testing(program: Program) -> None:
    migrated(program, CALLS["grpc_testing"])
    text = program.text("test_service.py")
    assert "server_from_dictionary({service: Greeter()}, strict_real_time())" in text
    assert "grpc_testing" not in text
    passes(program)


def test_its_codes_are_those_that_the_test_compares_with(program: Program) -> None:
    """Where another service of the program stays, a test goes on with `grpc.StatusCode`."""
    folder = Path(__file__).parents[2] / "fixtures" / "rules" / "_stubs"
    for name in ("till_pb2.py", "till_pb2_grpc.py"):
        program.write(name, (folder / name).read_text("utf-8"))
    program.write("till.py", "import grpc\nimport till_pb2_grpc\n\nSTUB = till_pb2_grpc.TillStub\nprint(grpc.protos)\n")
    migrated(program, "import till\n\n\n" + CALLS["grpc_testing"])
    text = program.text("test_service.py")
    assert "strict_real_time(), codes=StatusCode)" in text
    assert "code is grpc.StatusCode.INVALID_ARGUMENT" in text
    assert "say_hello" in program.text("service.py")
    program.write("till.py", "")
    passes(program)
