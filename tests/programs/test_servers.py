"""Servicers, contexts and servers: small programs before and after."""

from __future__ import annotations

import pytest

from grpc2connect.options import Serve
from grpc2connect.results import State
from tests.programs.conftest import Check, Program

HEAD = "import grpc\nimport greeting_pb2\nimport greeting_pb2_grpc\n\n\n"
MOVED = "import greeting_pb2\nimport greeting_connect\n\n\n"


SIBLINGS = (
    "class Greeter({base}):\n"
    "    def {one}(self, request, context):\n"
    "        return greeting_pb2.HelloReply(message=request.name)\n\n"
    "    def {many}(self, request, context):\n"
    "        # each of them\n"
    "        yield self.{one}(request, context)\n\n\n"
)


def test_a_servicer_and_its_sibling_calls(becomes: Check) -> None:
    old = SIBLINGS.format(base="greeting_pb2_grpc.GreeterServicer", one="SayHello", many="SayHelloOften")
    new = SIBLINGS.format(base="greeting_connect.GreeterSync", one="say_hello", many="say_hello_often")
    becomes("import greeting_pb2\nimport greeting_pb2_grpc\n\n\n" + old, MOVED + new)


def test_a_name_that_no_rule_knows_keeps_its_file(becomes: Check) -> None:
    old = SIBLINGS.format(base="greeting_pb2_grpc.GreeterServicer", one="SayHello", many="SayHelloOften")
    text = HEAD + old + "print(grpc.protos)\n"
    assert "G2C802" in {finding.code for finding in becomes(text, text).findings}


def test_an_abort_ends_the_call(becomes: Check) -> None:
    becomes(
        HEAD + "class Greeter(greeting_pb2_grpc.GreeterServicer):\n"
        "    def SayHello(self, request, context):\n"
        "        if not request.name:\n"
        "            context.abort(  # politely\n"
        "                grpc.StatusCode.INVALID_ARGUMENT,\n"
        '                details="a name",  # please\n'
        "            )\n"
        "        return greeting_pb2.HelloReply(message=request.name)\n",
        "from connectrpc.code import Code\nfrom connectrpc.errors import ConnectError\n"
        + MOVED
        + "class Greeter(greeting_connect.GreeterSync):\n"
        "    def say_hello(self, request, context):\n"
        "        if not request.name:\n"
        "            raise ConnectError(  # politely\n"
        "                Code.INVALID_ARGUMENT,\n"
        '                message="a name",  # please\n'
        "            )\n"
        "        return greeting_pb2.HelloReply(message=request.name)\n",
    )


@pytest.mark.parametrize(
    "guard",
    [
        "except Exception:\n            return greeting_pb2.HelloReply()\n",
        "except:  # noqa: E722\n            pass\n",
        "except (ValueError, Exception) as error:\n            print(error)\n",
        "finally:\n            return greeting_pb2.HelloReply()\n",
    ],
)
def test_an_abort_that_could_be_swallowed_latches_through_the_runtime(program: Program, guard: str) -> None:
    program.write(
        "app.py",
        HEAD + "class Greeter(greeting_pb2_grpc.GreeterServicer):\n"
        "    def SayHello(self, request, context):\n"
        "        try:\n"
        '            context.abort(grpc.StatusCode.NOT_FOUND, "nobody")\n'
        f"        {guard}",
    )
    program.migrate()
    assert 'context.abort(Code.NOT_FOUND, "nobody")' in program.text("app.py")


def test_an_abort_under_a_narrow_except_is_free(program: Program) -> None:
    program.write(
        "app.py",
        HEAD + "class Greeter(greeting_pb2_grpc.GreeterServicer):\n"
        "    def SayHello(self, request, context):\n"
        "        try:\n"
        '            context.abort(grpc.StatusCode.NOT_FOUND, "nobody")\n'
        "        except KeyError:\n"
        "            raise\n",
    )
    program.migrate()
    assert 'raise ConnectError(Code.NOT_FOUND, "nobody")' in program.text("app.py")


def test_an_abort_in_a_handler_that_a_test_calls_stays_a_call(program: Program) -> None:
    program.write(
        "app.py",
        HEAD + "class Greeter(greeting_pb2_grpc.GreeterServicer):\n"
        "    def SayHello(self, request, context):\n"
        '        context.abort(grpc.StatusCode.NOT_FOUND, "nobody")\n',
    )
    program.write(
        "test_app.py",
        "from unittest.mock import Mock\n\nfrom app import Greeter\n\n\n"
        "def test_it():\n    context = Mock()\n    Greeter().SayHello(None, context)\n"
        "    context.abort.assert_called_once()\n",
    )
    program.migrate()
    assert "context.abort(" in program.text("app.py")
    assert "Greeter().say_hello(None, context)" in program.text("test_app.py")


def test_an_aio_abort_that_is_not_awaited_is_reported_and_stays(program: Program) -> None:
    text = (
        HEAD + "class Greeter(greeting_pb2_grpc.GreeterServicer):\n"
        "    async def SayHello(self, request, context):\n"
        '        context.abort(grpc.StatusCode.NOT_FOUND, "nobody")\n'
        "        return greeting_pb2.HelloReply()\n"
    )
    program.write("app.py", text)
    result = program.migrate()
    assert 'context.abort(Code.NOT_FOUND, "nobody")' in program.text("app.py")
    assert [finding.code for finding in result.findings] == ["G2C201"]


def test_a_status_before_an_empty_return_is_raised(becomes: Check) -> None:
    becomes(
        HEAD + "class Greeter(greeting_pb2_grpc.GreeterServicer):\n"
        "    def SayHello(self, request, context):\n"
        "        if request.name:\n"
        "            # said twice\n"
        '            context.set_details("not you")  # ever\n'
        "            context.set_code(grpc.StatusCode.PERMISSION_DENIED)\n"
        "            return greeting_pb2.HelloReply()  # nothing\n"
        "        return greeting_pb2.HelloReply()\n",
        "from connectrpc.code import Code\nfrom connectrpc.errors import ConnectError\n"
        + MOVED
        + "class Greeter(greeting_connect.GreeterSync):\n"
        "    def say_hello(self, request, context):\n"
        "        if request.name:\n"
        "            # said twice\n"
        "            # ever\n"
        '            raise ConnectError(Code.PERMISSION_DENIED, "not you")  # nothing\n'
        "        return greeting_pb2.HelloReply()\n",
    )


def test_a_status_with_a_message_that_counts_is_kept(program: Program) -> None:
    program.write(
        "app.py",
        HEAD + "class Greeter(greeting_pb2_grpc.GreeterServicer):\n"
        "    def SayHello(self, request, context):\n"
        "        context.set_code(grpc.StatusCode.NOT_FOUND)\n"
        "        return self.reply()\n\n"
        "    def reply(self):\n"
        "        return greeting_pb2.HelloReply()\n",
    )
    program.migrate()
    assert "context.set_code(Code.NOT_FOUND)\n        return self.reply()" in program.text("app.py")


def test_a_server_keeps_its_lines(becomes: Check) -> None:
    becomes(
        "from concurrent import futures\n\nimport grpc\n\nimport greeting_pb2_grpc\nfrom greeter import Greeter\n\n\n"
        "def serve():\n"
        "    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))\n"
        "    greeting_pb2_grpc.add_GreeterServicer_to_server(\n"
        "        Greeter(),  # the one\n"
        "        server,\n"
        "    )\n"
        '    port = server.add_insecure_port("[::]:0")\n'
        "    server.start()\n"
        "    return server, port\n",
        "from concurrent import futures\n\nfrom grpc2connect_runtime import Server\n\nimport greeting_connect\n"
        "from greeter import Greeter\n\n\n"
        "def serve():\n"
        '    server = Server(futures.ThreadPoolExecutor(max_workers=10), wire="grpcio")\n'
        "    server.add_service(\n"
        "        greeting_connect.GreeterASGIApplication,  # the one\n"
        "        Greeter(),\n"
        "    )\n"
        '    port = server.add_insecure_port("[::]:0")\n'
        "    server.start()\n"
        "    return server, port\n",
    )


SERVE = (
    HEAD + "class Greeter(greeting_pb2_grpc.GreeterServicer):\n"
    "    def SayHello(self, request, context):\n"
    "        return greeting_pb2.HelloReply()\n\n\n"
    "def serve(pool, options):\n"
    "    server = {}\n"
    "    greeting_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)\n"
)


@pytest.mark.parametrize(
    ("before", "dual", "single"),
    [
        ("grpc.server(pool, xds=True)", 'Server(pool, xds=True, wire="grpcio")', "Server(pool, xds=True)"),
        ("grpc.aio.server()", 'AioServer(wire="grpcio")', "AioServer()"),
        ("grpc.server(pool, **options)", 'Server(pool, **options, wire="grpcio")', "Server(pool, **options)"),
        (
            "grpc.server(\n        pool,\n        options=[\n            1,\n        ],\n    )",
            'Server(\n        pool,\n        options=[\n            1,\n        ],\n        wire="grpcio",\n    )',
            "Server(\n        pool,\n        options=[\n            1,\n        ],\n    )",
        ),
        (
            "grpc.server(\n        (\n            pool\n        ),\n    )",
            'Server(\n        (\n            pool\n        ),\n        wire="grpcio",\n    )',
            "Server(\n        (\n            pool\n        ),\n    )",
        ),
        ("grpc.server((pool),)", 'Server((pool), wire="grpcio",)', "Server((pool),)"),
        (
            "grpc.server(\n        pool,  # shared\n        options=(options),  # tuned\n    )",
            'Server(\n        pool,  # shared\n        options=(options),  # tuned\n        wire="grpcio",\n    )',
            "Server(\n        pool,  # shared\n        options=(options),  # tuned\n    )",
        ),
    ],
)
def test_what_serves_the_ports_is_chosen(program: Program, before: str, dual: str, single: str) -> None:
    for serve, after in ((Serve.DUAL, dual), (Serve.SINGLE, single)):
        program.write("app.py", SERVE.format(before))
        result = program.run(serve=serve)
        text = next(change.after for change in result.changes if change.path.name == "app.py").decode()
        assert f"    server = {after}\n" in text
        assert [finding.code for finding in result.findings] == ["G2C301"]


@pytest.mark.parametrize("name", ["GrpcInstrumentorServer", "GrpcAioInstrumentorServer", "GrpcInstrumentorClient"])
@pytest.mark.parametrize("serve", list(Serve))
def test_what_replaces_functions_of_grpcio_goes_on_where_they_are_called(
    program: Program, name: str, serve: Serve
) -> None:
    program.write(
        "app.py",
        HEAD + "class Greeter(greeting_pb2_grpc.GreeterServicer):\n"
        "    def SayHello(self, request, context):\n"
        "        return greeting_pb2.HelloReply()\n\n\n"
        "def serve(pool):\n"
        "    greeting_pb2_grpc.add_GreeterServicer_to_server(Greeter(), grpc.server(pool))\n",
    )
    program.write(
        "boot.py",
        f"from opentelemetry.instrumentation.grpc import {name}\n\nfrom app import serve\n\n"
        f"{name}().instrument()\nserve(None)\n",
    )
    result = program.run(serve=serve)
    stays = name.endswith("Server") and serve is Serve.SINGLE
    assert ("app.py" in {change.path.name for change in result.changes}) is not stays
    said = {finding.code for finding in result.findings}
    assert ("G2C305" in said) is (stays or name.endswith("Client"))
    if stays:
        assert [change.path.name for change in result.changes] == []


INTERCEPTED = """    server = {server}
    greeting_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
"""


def test_an_abort_behind_an_interceptor_is_raised_as_before(program: Program) -> None:
    handler = (
        HEAD + "class Greeter(greeting_pb2_grpc.GreeterServicer):\n"
        "    def SayHello(self, request, context):\n"
        '        context.abort(grpc.StatusCode.NOT_FOUND, "nobody")\n\n\n'
        "def serve(pool, guard):\n"
    )
    program.write("app.py", handler + INTERCEPTED.format(server="grpc.server(pool, interceptors=[guard])"))
    program.write("plain.py", handler + INTERCEPTED.format(server="grpc.server(pool)"))
    result = program.migrate()
    states = {entry.place.path.name: entry.state for entry in result.ledger if entry.kind == "ContextUse"}
    assert states == {"app.py": State.BRIDGED, "plain.py": State.BRIDGED}  # one service, whichever server it is on
    assert 'context.abort(Code.NOT_FOUND, "nobody")' in program.text("app.py")


def test_code_that_is_printed_as_it_is_written_stays(becomes: Check) -> None:
    old = SIBLINGS.format(base="greeting_pb2_grpc.GreeterServicer", one="SayHello", many="SayHelloOften")
    text = HEAD + old + 'print(f"{grpc.StatusCode.OK=} {1 + 1=}")\n'
    assert "G2C504" in {finding.code for finding in becomes(text, text).findings}
