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
        code, details = self.context.abort.call_args.args
        self.assertEqual((code, details), WRONG)
        self.assertEqual(code.value, (3, "invalid argument"))
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
    assert "strict_real_time(), codes=grpc.StatusCode)" in text
    assert "code == grpc.StatusCode.INVALID_ARGUMENT" in text
    assert "say_hello" in program.text("service.py")
    program.write("till.py", "")
    passes(program)


FIXTURES = """import pytest


@pytest.fixture(scope="module")
def grpc_add_to_server():
    from greeting_pb2_grpc import add_GreeterServicer_to_server

    return add_GreeterServicer_to_server


@pytest.fixture(scope="module")
def grpc_servicer():
    from service import Greeter

    return Greeter()


@pytest.fixture(scope="module")
def grpc_stub_cls(grpc_channel):
    from greeting_pb2_grpc import GreeterStub

    return GreeterStub
"""
ASKING = """def test_stub(grpc_stub):
    assert grpc_stub.SayHello(greeting_pb2.HelloRequest(name="y")).message == "y"


def test_channels(grpc_channel, grpc_create_channel, grpc_stub_cls, grpc_addr, grpc_server):
    with pytest.raises(grpc.RpcError) as caught:
        grpc_stub_cls(grpc_channel).SayHello(NOBODY)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    with grpc_create_channel() as channel, grpc.insecure_channel(grpc_addr) as other:
        for one in (channel, other):
            assert grpc_stub_cls(one).SayHello(greeting_pb2.HelloRequest(name="y")).message == "y"
"""
PLUGIN = "from grpc2connect_runtime.testing.pytest_plugin import *"


def test_the_fixtures_of_pytest_grpc(program: Program) -> None:
    program.write("conftest.py", FIXTURES)
    result = migrated(program, ASKING)
    assert {finding.code for finding in result.findings} <= {"G2C902"}
    fixtures = program.text("conftest.py")
    assert fixtures.startswith(f"import pytest\n{PLUGIN}  # noqa: F401, F403\n")
    assert "return GreeterASGIApplication" in fixtures and "return GreeterClientSync" in fixtures
    passes(program)
    assert [change.path.name for change in program.run().changes] == []


OWN_SERVER = """

@pytest.fixture
def grpc_server(grpc_add_to_server, grpc_servicer):
    server = grpc.server(futures.ThreadPoolExecutor())
    grpc_add_to_server(grpc_servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield port
    server.stop(None)


@pytest.fixture
def grpc_channel(grpc_server):
    with grpc.insecure_channel(f"127.0.0.1:{grpc_server}") as channel:
        yield channel


@pytest.fixture
def grpc_stub(grpc_stub_cls, grpc_channel):
    return grpc_stub_cls(grpc_channel)
"""


def test_fixtures_of_the_same_names_that_are_the_program_s(program: Program) -> None:
    own = "from concurrent import futures\nimport grpc\n" + FIXTURES.replace('(scope="module")', "") + OWN_SERVER
    program.write("conftest.py", own)
    migrated(program, ASKING.partition("\n\n\n")[0] + "\n")
    fixtures = program.text("conftest.py")
    assert "pytest_plugin" not in fixtures
    assert "server.add_service(grpc_add_to_server, grpc_servicer)" in fixtures
    passes(program)


def test_a_plugin_with_async_stubs_is_another_one(program: Program) -> None:
    program.write("conftest.py", FIXTURES)
    text = "async def test_stub(grpc_stub):\n    assert (await grpc_stub.SayHello(UNKNOWN)).message\n"
    result = migrated(program, text)
    assert "G2C810" in {finding.code for finding in result.findings}
    assert program.text("conftest.py") == FIXTURES
    assert program.text("service.py") == SERVICE
