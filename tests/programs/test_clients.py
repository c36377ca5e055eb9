"""Channels, stubs, calls, errors and imports: small programs before and after."""

from __future__ import annotations

import pytest

from grpc2connect.results import State
from tests.programs.conftest import Check, Program

REQUEST = 'greeting_pb2.HelloRequest(name="Ada")'


def client(body: str) -> str:
    return (
        "import grpc\n\nimport greeting_pb2\nimport greeting_pb2_grpc\n\n\n"
        'with grpc.insecure_channel("localhost:1") as channel:\n'
        "    stub = greeting_pb2_grpc.GreeterStub(channel)\n" + body
    )


def moved(body: str, *names: str) -> str:
    runtime = ", ".join(sorted(("insecure_channel", *names), key=lambda name: (name[0].islower(), name)))
    return (
        f"from grpc2connect_runtime import {runtime}\n\nimport greeting_pb2\nimport greeting_connect\n\n\n"
        'with insecure_channel("localhost:1") as channel:\n'
        "    stub = channel.client(greeting_connect.GreeterClientSync)\n" + body
    )


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        pytest.param(f"stub.SayHello({REQUEST})", f"stub.say_hello({REQUEST})", (), id="plain"),
        pytest.param(f"stub.SayHello(request={REQUEST})", f"stub.say_hello(request={REQUEST})", (), id="by keyword"),
        pytest.param(
            f"stub.SayHello({REQUEST}, 5)", f"stub.say_hello({REQUEST}, timeout_ms=5000)", (), id="positional"
        ),
        pytest.param(
            f"stub.SayHello({REQUEST}, timeout=0.25)", f"stub.say_hello({REQUEST}, timeout_ms=250)", (), id="fraction"
        ),
        pytest.param(
            f"stub.SayHello({REQUEST}, timeout=None)", f"stub.say_hello({REQUEST}, timeout_ms=None)", (), id="none"
        ),
        pytest.param(
            f"stub.SayHello({REQUEST}, timeout=LIMIT)",
            f"stub.say_hello({REQUEST}, timeout_ms=timeout_ms(LIMIT))",
            ("timeout_ms",),
            id="a name",
        ),
        pytest.param(
            f"stub.SayHello(\n        {REQUEST},\n        metadata=MD,  # who\n    )",
            f"stub.say_hello(\n        {REQUEST},\n        headers=headers(MD),  # who\n    )",
            ("headers",),
            id="metadata",
        ),
        pytest.param(
            f"reply, call = stub.SayHello.with_call({REQUEST}, timeout=3)",
            f"reply, call = unary_unary(stub.say_hello).with_call({REQUEST}, timeout=3)",
            ("unary_unary",),
            id="with_call",
        ),
        pytest.param(
            f"f = stub.SayHello.future({REQUEST})",
            f"f = unary_unary(stub.say_hello).future({REQUEST})",
            ("unary_unary",),
            id="future",
        ),
        pytest.param(
            f"for reply in stub.SayHelloOften({REQUEST}):\n        print(reply)",
            f"for reply in stub.say_hello_often({REQUEST}):\n        print(reply)",
            (),
            id="a stream that is iterated",
        ),
        pytest.param(
            f"call = stub.SayHelloOften({REQUEST})",
            f"call = unary_stream(stub.say_hello_often)({REQUEST})",
            ("unary_stream",),
            id="a stream that starts at once",
        ),
        pytest.param(
            "calls = [stub.SayHello]", "calls = [unary_unary(stub.say_hello)]", ("unary_unary",), id="a value"
        ),
    ],
)
def test_calls(becomes: Check, before: str, after: str, names: tuple[str, ...]) -> None:
    becomes(client(f"    {before}\n"), moved(f"    {after}\n", *names))


def test_waiting_for_a_channel(becomes: Check) -> None:
    becomes(
        client(
            "    try:\n        grpc.channel_ready_future(channel).result(timeout=5)\n"
            "    except grpc.FutureTimeoutError:  # nobody\n        raise\n"
        ),
        moved(
            "    try:\n        channel_ready_future(channel).result(timeout=5)\n"
            "    except FutureTimeoutError:  # nobody\n        raise\n",
            "channel_ready_future",
            "FutureTimeoutError",
        ),
    )


def test_errors(program: Program) -> None:
    program.write(
        "app.py",
        client(
            "    try:\n"
            f"        stub.SayHello({REQUEST})\n"
            "    # as it comes\n"
            "    except (grpc.RpcError, KeyError) as e:\n"
            "        if e.code() == grpc.StatusCode.CANCELLED or e.code() in (grpc.StatusCode.NOT_FOUND,):\n"
            "            print(e.details(), e)\n"
            "        print(f'{e.code()} {e.code().value[0]:>{3}}', e.trailing_metadata())\n"
        ),
    )
    program.migrate()
    text = program.text("app.py")
    assert "except (ConnectError, KeyError) as e:" in text
    assert "if e.code == Code.CANCELED or e.code in (Code.NOT_FOUND,):" in text
    assert "print(e.message, e)" in text
    assert "f'{status_code(e.code)} {status_code(e.code).value[0]:>{3}}', rpc_error(e).trailing_metadata()" in text


def test_identity_and_unknown_comparisons_use_codes_with_grpc_s_names(program: Program) -> None:
    program.write(
        "app.py",
        "import grpc\n\nimport greeting_pb2_grpc\n\n\n"
        "def ask(channel: grpc.Channel, other):\n"
        "    stub = greeting_pb2_grpc.GreeterStub(channel)\n"
        "    try:\n        return stub.SayHello(None)\n"
        "    except grpc.RpcError as e:\n"
        "        return e.code() is grpc.StatusCode.OK or other == grpc.StatusCode.ABORTED\n",
    )
    program.migrate()
    text = program.text("app.py")
    assert "return status_code(e.code) is StatusCode.OK or other == StatusCode.ABORTED" in text
    assert "def ask(channel: Channel, other):" in text


@pytest.mark.parametrize(
    ("imports", "stub", "twin"),
    [
        ("import greeting_pb2_grpc as rpc", "rpc.GreeterStub", "import greeting_connect\n"),
        (
            "from greeting_pb2_grpc import GreeterStub",
            "GreeterStub",
            "from greeting_connect import GreeterClientSync\n",
        ),
        ("from greeting_pb2_grpc import GreeterStub as S", "S", "from greeting_connect import GreeterClientSync\n"),
        ("import greeting_pb2_grpc; import sys", "greeting_pb2_grpc.GreeterStub", "import greeting_connect\n"),
    ],
)
def test_imports_keep_their_form(program: Program, imports: str, stub: str, twin: str) -> None:
    program.write("app.py", f'import grpc\n{imports}\n\nprint({stub}(grpc.insecure_channel("h:1")).SayHello(None))\n')
    program.migrate()
    text = program.text("app.py")
    assert twin in text
    assert "_pb2_grpc" not in text
    assert "import grpc\n" not in text
    assert ".say_hello(None)" in text


def test_an_import_in_a_function_stays_there(becomes: Check) -> None:
    becomes(
        "def ask():\n    import grpc\n    import greeting_pb2_grpc\n\n"
        '    return greeting_pb2_grpc.GreeterStub(grpc.insecure_channel("h:1")).SayHello(None)\n',
        "def ask():\n    from grpc2connect_runtime import insecure_channel\n    import greeting_connect\n\n"
        '    return insecure_channel("h:1").client(greeting_connect.GreeterClientSync).say_hello(None)\n',
    )


@pytest.mark.parametrize(
    "line",
    [
        "vars(stub)",
        "channel._channel.watch_connectivity_state(0, None)",
    ],
)
def test_what_is_not_known_to_survive_keeps_the_service(program: Program, line: str) -> None:
    text = client(f"    {line}\n")
    program.write("app.py", text)
    result = program.migrate()
    assert program.text("app.py") == text
    assert {entry.state for entry in result.ledger} == {State.LEFT}
    assert result.findings


@pytest.mark.parametrize(
    ("target", "options", "why"),
    [
        ('"unix:/tmp/s"', "", "target 'unix:/tmp/s'"),
        ('"xds:///s"', "", "target 'xds:///s'"),
        ('"ipv4:10.0.0.1:1,10.0.0.2:1"', "", "target 'ipv4:10.0.0.1:1,10.0.0.2:1'"),
        ('"dns://8.8.8.8/s"', "", "target 'dns://8.8.8.8/s'"),
        ('"h:1"', ', options=[("grpc.service_config", CONFIG)]', "option 'grpc.service_config'"),
        ('"h:1"', ', options=[("grpc.lb_policy_name", "round_robin")]', "option 'grpc.lb_policy_name'"),
    ],
)
def test_channels_that_only_grpc_has(becomes: Check, program: Program, target: str, options: str, why: str) -> None:
    becomes(
        "import grpc\nimport greeting_pb2_grpc\n\n"
        f"stub = greeting_pb2_grpc.GreeterStub(grpc.insecure_channel({target}{options}))\n",
        "from grpc2connect_runtime import insecure_channel\nimport greeting_connect\n\n"
        f"stub = insecure_channel({target}{options}).client(greeting_connect.GreeterClientSync)\n",
    )


def test_channels_that_only_grpc_has_are_reported(program: Program) -> None:
    program.write("app.py", client("    pass\n").replace('"localhost:1"', '"unix:/tmp/s"'))
    (finding,) = program.migrate().findings
    assert finding.code == "G2C401"
    assert finding.message == "its calls stay on grpcio's transport, for target 'unix:/tmp/s'"
    assert finding.advice == "keep grpcio installed"


@pytest.mark.parametrize(
    "text",
    [
        "class GreeterStub:\n    def SayHello(self): ...\n\nGreeterStub().SayHello()\n",
        "def call(grpc):\n    return grpc.insecure_channel('x').SayHello\n",
        "class Job:\n    def abort(self, code, why): ...\n\nJob().abort(1, 'no')\n",
        'grpc = {"server": 1}\nprint(grpc["server"])\n',
        "from mine.grpc import insecure_channel\n\ninsecure_channel('x')\n",
        '"""import grpc; grpc.server()"""\n# grpc.StatusCode.OK\n',
    ],
)
def test_look_alikes_stay_untouched(program: Program, text: str) -> None:
    program.write("mine/grpc.py", "def insecure_channel(name): ...\n")
    program.write("app.py", text)
    program.migrate()
    assert program.text("app.py") == text


def test_copies_of_a_service_move_apart(program: Program) -> None:
    other = program.folder / "other"
    other.mkdir()
    for name in ("greeting_pb2.py", "greeting_pb2_grpc.py"):
        (other / name).write_bytes((program.folder / name).read_bytes())
    stuck = client("    vars(stub)\n")
    program.write("other/app.py", stuck)
    program.write("app.py", client(f"    stub.SayHello({REQUEST})\n"))
    program.migrate()
    assert program.text("other/app.py") == stuck
    assert "stub.say_hello" in program.text("app.py")


def test_a_file_that_does_not_parse_keeps_the_services_it_names(program: Program) -> None:
    text = client(f"    stub.SayHello({REQUEST})\n")
    program.write("app.py", text)
    program.write("broken.py", "from greeting_pb2_grpc import GreeterStub\ndef (:\n")
    result = program.run()
    assert [error.code for error in result.errors] == ["G2C002"]
    assert result.changes == ()
    assert "G2C012" in {finding.code for finding in result.findings}


LIBRARY = """import grpc

from greeting_pb2_grpc import GreeterStub


def connect(target):
    return grpc.{maker}


def greet(channel: grpc.Channel, request):
    return GreeterStub(channel).SayHello(request)
"""
VENDOR = "import vendor\n\n    return vendor.Client(grpc.insecure_channel(target))"


def test_a_channel_that_callers_pass_on_moves_with_the_stubs_that_may_be_made_on_it(program: Program) -> None:
    program.write("library.py", LIBRARY.format(maker="insecure_channel(target)"))
    program.migrate()
    assert "return insecure_channel(target)" in program.text("library.py")
    assert "return client_on(channel, GreeterClientSync).say_hello(request)" in program.text("library.py")


def test_stubs_stay_where_a_channel_that_they_may_be_made_on_stays(program: Program) -> None:
    odd = "\n\nODD = connect(None)._channel.watch_connectivity_state(0, None)\n"
    text = LIBRARY.format(maker="insecure_channel(target)") + odd
    program.write("library.py", text)
    program.migrate()
    assert program.text("library.py") == text


def test_a_reason_names_another_place_from_the_project_s_folder(program: Program) -> None:
    program.write(
        "shop/server.py",
        "import grpc\nimport greeting_pb2_grpc\n\n\n"
        "def serve(servicer):\n    server = grpc.server(None)\n"
        "    greeting_pb2_grpc.add_GreeterServicer_to_server(servicer, server)\n    return server._state\n",
    )
    reasons = {entry.why for entry in program.migrate().ledger}
    assert any(" at shop/server.py:8:12: " in why for why in reasons), reasons


def test_a_channel_that_is_made_for_unknown_code_is_reported(program: Program) -> None:
    text = LIBRARY.format(maker="insecure_channel(target)")
    program.write("library.py", text.replace("return grpc.insecure_channel(target)", VENDOR))
    result = program.migrate()
    assert "vendor.Client(insecure_channel(target))" in program.text("library.py")
    assert [finding.code for finding in result.findings] == ["G2C505"]


def test_unknown_code_without_a_name_is_named_by_what_makes_it(program: Program) -> None:
    text = LIBRARY.format(maker="insecure_channel(target)")
    made = VENDOR.replace("vendor.Client(", "vendor.class_of('Greeter')(")
    program.write("library.py", text.replace("return grpc.insecure_channel(target)", made))
    (finding,) = program.migrate().findings
    assert finding.message == "a channel is handed to vendor.class_of('Greeter'), of which nothing is known"


def test_a_type_with_the_name_of_an_rpc_is_no_call(becomes: Check) -> None:
    before = (
        "import grpc\nimport greeting_pb2\nimport greeting_pb2_grpc\nfrom shapes import types\n\n\n"
        "def ask(channel: grpc.Channel, how: types.SayHello) -> 'types.SayHello | None':\n"
        "    held: list[types.SayHello] = []\n"
        "    return greeting_pb2_grpc.GreeterStub(channel).SayHello(greeting_pb2.HelloRequest())\n"
    )
    after = (
        "from grpc2connect_runtime import Channel, client_on\nimport greeting_pb2\nimport greeting_connect\n"
        "from shapes import types\n\n\n"
        "def ask(channel: Channel, how: types.SayHello) -> 'types.SayHello | None':\n"
        "    held: list[types.SayHello] = []\n"
        "    return client_on(channel, greeting_connect.GreeterClientSync).say_hello(greeting_pb2.HelloRequest())\n"
    )
    becomes(before, after)


def test_the_annotation_of_a_stub_names_what_flows_there(becomes: Check) -> None:
    before = (
        "import grpc\nimport greeting_pb2_grpc as rpc\n\n\n"
        "class Clients:\n"
        "    def __init__(self, target):\n"
        "        self._one: rpc.GreeterStub | None = None\n"
        "        self._many: list[rpc.GreeterStub] = []\n"
        "        self._target = target\n\n"
        "    @property\n"
        "    def one(self) -> rpc.GreeterStub:\n"
        "        if self._one is None:\n"
        "            self._one = rpc.GreeterStub(grpc.aio.insecure_channel(self._target))\n"
        "        return self._one\n\n\n"
        "def sync(target) -> rpc.GreeterStub:\n"
        "    return rpc.GreeterStub(grpc.insecure_channel(target))\n"
    )
    after = (
        "from grpc2connect_runtime import aio_insecure_channel, insecure_channel\nimport greeting_connect\n\n\n"
        "class Clients:\n"
        "    def __init__(self, target):\n"
        "        self._one: greeting_connect.GreeterClient | None = None\n"
        "        self._many: list[greeting_connect.GreeterClientSync | greeting_connect.GreeterClient] = []\n"
        "        self._target = target\n\n"
        "    @property\n"
        "    def one(self) -> greeting_connect.GreeterClient:\n"
        "        if self._one is None:\n"
        "            self._one = aio_insecure_channel(self._target).client(greeting_connect.GreeterClient)\n"
        "        return self._one\n\n\n"
        "def sync(target) -> greeting_connect.GreeterClientSync:\n"
        "    return insecure_channel(target).client(greeting_connect.GreeterClientSync)\n"
    )
    becomes(before, after)


def test_messages_of_a_star_import_are_no_stubs(program: Program) -> None:
    program.write("wire/__init__.py", "from greeting_pb2 import *\nfrom greeting_pb2_grpc import *\n")
    program.write(
        "app.py",
        "import grpc\nimport wire\n\n\n"
        "def ask(channel: grpc.Channel):\n"
        "    return wire.GreeterStub(channel).SayHello(wire.HelloRequest.SayHello())\n",
    )
    result = program.run()
    assert "G2C503" not in {finding.code for finding in result.findings}
    program.write("app.py", "import wire\n\n\ndef ask():\n    return wire.nobody_knows.SayHello\n")
    assert "G2C503" in {entry.code for entry in program.run().ledger}


ON_UNKNOWN = """import grpc

import greeting_pb2
import greeting_pb2_grpc


def made(stub_class):
    return property(lambda self: stub_class(self.channel))


class Client:
    greeter = made(greeting_pb2_grpc.GreeterStub)

    def __init__(self, target, token):
        self.channel = grpc.insecure_channel(target)
        self.token = grpc.access_token_call_credentials(token)

    def hello(self):
        return self.greeter.SayHello(greeting_pb2.HelloRequest(), credentials=self.token)
"""


def test_credentials_of_a_call_on_an_object_of_unknown_origin_move_with_its_service(program: Program) -> None:
    program.write("app.py", ON_UNKNOWN)
    result = program.migrate()
    assert [(entry.text, entry.why) for entry in result.ledger if entry.state is State.LEFT] == []
    assert "self.token = access_token_call_credentials(token)" in program.text("app.py")


def test_credentials_of_a_call_on_an_object_of_unknown_origin_stay_with_its_service(program: Program) -> None:
    program.write("app.py", ON_UNKNOWN + "\n\nprint(vars(greeting_pb2_grpc.GreeterStub(None)))\n")
    result = program.migrate()
    assert [change.path.name for change in result.changes] == []


UNTYPED = """import grpc


class Tokens(grpc.AuthMetadataPlugin):  # type: ignore[misc]
    def __call__(self, context, callback):
        callback((), None)


class Others(Tokens, grpc.AuthMetadataPlugin):  # type: ignore[misc]
    pass


def connect(target):
    plugin = grpc.metadata_call_credentials(Tokens())
    return grpc.secure_channel(target, grpc.composite_channel_credentials(grpc.ssl_channel_credentials(), plugin))
"""


def test_a_comment_for_an_untyped_base_goes_with_that(program: Program) -> None:
    program.write("connections.py", UNTYPED)
    program.write(
        "app.py",
        "import greeting_pb2\nimport greeting_pb2_grpc\nfrom connections import connect\n\n"
        'print(greeting_pb2_grpc.GreeterStub(connect("a:1")).SayHello(greeting_pb2.HelloRequest()))\n',
    )
    program.migrate()
    text = program.text("connections.py")
    assert "class Tokens(AuthMetadataPlugin):\n" in text
    assert "class Others(Tokens, AuthMetadataPlugin):\n" in text


def test_credentials_of_a_call_of_an_unknown_stub(program: Program) -> None:
    program.write(
        "app.py",
        "import grpc\nimport greeting_pb2_grpc\n\n\n"
        "def ask(stub, credentials):\n"
        "    return stub.SayHello.future(None, credentials=credentials).result()\n\n\n"
        "def main(target):\n"
        "    mine = grpc.access_token_call_credentials('t')\n"
        "    channel = grpc.secure_channel(target, grpc.ssl_channel_credentials())\n"
        "    greeting_pb2_grpc.GreeterStub(channel).SayHello(None, credentials=mine)\n"
        "    ask(unknown(), mine)\n",
    )
    result = program.run()
    assert "G2C505" not in {finding.code for finding in result.findings}
    assert State.LEFT not in {entry.state for entry in result.ledger}


def test_what_only_asks_whether_a_generated_class_is_there(program: Program) -> None:
    program.write(
        "test_app.py",
        "import unittest\nimport greeting_pb2_grpc\n\n\n"
        "class Stubs(unittest.TestCase):\n"
        "    def test_they_are_there(self):\n"
        "        self.assertIsNotNone(greeting_pb2_grpc.GreeterStub)\n",
    )
    program.migrate()
    assert "assertIsNotNone(stub_class(greeting_connect." in program.text("test_app.py")


def test_private_twins_of_public_errors(program: Program) -> None:
    program.write(
        "app.py",
        "import grpc\nimport greeting_pb2_grpc\nfrom grpc._cython import cygrpc\n\n\n"
        "async def ask(target):\n"
        "    async with grpc.aio.insecure_channel(target) as channel:\n"
        "        try:\n"
        "            return await greeting_pb2_grpc.GreeterStub(channel).SayHello(None)\n"
        "        except cygrpc.UsageError:\n"
        "            return None\n",
    )
    program.migrate()
    assert "except UsageError:" in program.text("app.py")


@pytest.mark.parametrize(
    "line",
    ["grpc.ssl_channel_credentials()", "unused = grpc.ssl_channel_credentials()"],
    ids=["never taken", "never read"],
)
def test_credentials_that_nothing_takes_hold_no_service(program: Program, line: str) -> None:
    program.write(
        "app.py",
        "import grpc\nimport greeting_pb2_grpc\n\n\n"
        f"def greet(request):\n    {line}\n"
        "    return greeting_pb2_grpc.GreeterStub(grpc.insecure_channel('a:1')).SayHello(request)\n",
    )
    result = program.migrate()
    assert [entry.text for entry in result.ledger if entry.state is State.LEFT] == []
    assert "import grpc\n" not in program.text("app.py")


def test_reflection_s_name_moves_with_the_server_that_lists_it(program: Program) -> None:
    """Another service of the program stays: a second run had rewritten the name of this server's reflection."""
    program.write(
        "app.py",
        "import grpc\nimport greeting_pb2_grpc\nfrom grpc_reflection.v1alpha import reflection\n\n"
        "from other import Plain\n\n\n"
        "class Greeter(greeting_pb2_grpc.GreeterServicer):\n    pass\n\n\n"
        "server = grpc.server(None)\n"
        "greeting_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)\n"
        "reflection.enable_server_reflection(('helloworld.Greeter', reflection.SERVICE_NAME), server)\n",
    )
    program.write(
        "other.py", "import grpc\n\n\nclass Plain(grpc.Server):\n    pass\n\n\nchannel = grpc.insecure_channel('a:1')\n"
    )
    program.migrate()
    assert "reflection.SERVICE_NAME" not in program.text("app.py")
    assert program.run().changes == ()
