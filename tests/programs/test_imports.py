"""Imports follow need: what a string says keeps an import only where a string can be a name."""

from __future__ import annotations

import pytest

from grpc2connect.results import State
from tests.programs.conftest import Program

USES = (
    'KEY = "grpc.keepalive_time_ms"\n'
    'OPTIONS = [("grpc.max_receive_message_length", 1)]\n\n\n'
    "def greet():\n"
    '    with grpc.insecure_channel("localhost:50051", options=OPTIONS) as channel:\n'
    "        stub = greeting_pb2_grpc.GreeterStub(channel)\n"
    '        return stub.SayHello(greeting_pb2.HelloRequest(name="you"))\n'
)
HEAD = "import grpc\nimport greeting_pb2\nimport greeting_pb2_grpc\n\n"


def test_a_string_that_is_data_keeps_no_import(program: Program) -> None:
    program.write("app.py", HEAD + USES)
    program.migrate()
    assert "import grpc\n" not in program.text("app.py")


@pytest.mark.parametrize(
    "name",
    [
        'from typing import Optional\nFuture = Optional["grpc.Future"]\n',
        '__all__ = ["greet", "grpc"]\n',
        'from typing import TypeAlias\nFuture: TypeAlias = "grpc.Future"\n',
    ],
)
def test_a_string_that_is_a_name_keeps_the_import(program: Program, name: str) -> None:
    program.write("app.py", HEAD + name + USES)
    program.migrate()
    assert "import grpc\n" in program.text("app.py")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('def wait(future: "grpc.Future") -> None: ...\n', 'def wait(future: "Future") -> None: ...\n'),
        ('def make() -> "grpc.Future | None": ...\n', 'def make() -> "Future | None": ...\n'),
    ],
)
def test_a_string_that_is_an_annotation_moves(program: Program, before: str, after: str) -> None:
    program.write("app.py", HEAD + before + USES)
    program.migrate()
    assert after in program.text("app.py")
    assert "import grpc\n" not in program.text("app.py")


def test_stubs_of_another_package_are_not_those_on_disk(program: Program) -> None:
    (program.folder / "inner").mkdir()
    for name in ("greeting_pb2.py", "greeting_pb2_grpc.py"):
        (program.folder / name).rename(program.folder / "inner" / name)
    text = "import grpc\nfrom outer import greeting_pb2_grpc as rpc\n\nrpc.GreeterStub(grpc.insecure_channel('a:1'))\n"
    program.write("app.py", text)
    result = program.migrate()
    assert program.text("app.py") == text
    assert "G2C802" in {finding.code for finding in result.findings}


@pytest.mark.parametrize("line", ["from app.proto import services_pb2_grpc", "from . import services_pb2_grpc"])
def test_stubs_that_are_not_built_are_known_by_their_package(program: Program, line: str) -> None:
    for folder, service in (("app/proto", "Right"), ("app/other", "Wrong")):
        text = f'syntax = "proto3";\nmessage {service}Q {{}}\n'
        text += f"service {service} {{ rpc Ask ({service}Q) returns ({service}Q); }}\n"
        program.write(f"{folder}/services.proto", text)
    program.write("app/__init__.py", "")
    program.write("app/proto/__init__.py", "")
    program.write(
        "app/proto/use.py", f"import grpc\n{line}\n\nservices_pb2_grpc.RightStub(grpc.insecure_channel('a:1'))\n"
    )
    assert {"Right"} == {unit for entry in program.run().ledger for unit in entry.units if not unit.startswith("(")}


ALTERNATIVES = """import grpc

try:
    from greeting_pb2_grpc import GreeterStub
except ImportError:
    from rpc.greeting_pb2_grpc import GreeterStub

import greeting_pb2

stub = GreeterStub(grpc.insecure_channel("a:1"))
print(stub.SayHello(greeting_pb2.HelloRequest(name="x")))
"""


def test_a_name_with_two_origins_of_which_one_is_unknown_stays(program: Program) -> None:
    program.write("app.py", ALTERNATIVES)
    result = program.migrate()
    assert program.text("app.py") == ALTERNATIVES
    assert "G2C802" in {finding.code for finding in result.findings}


@pytest.mark.parametrize(
    ("first", "second", "used"),
    [
        ("from greeting_pb2_grpc import GreeterStub", "from .greeting_pb2_grpc import GreeterStub", "GreeterStub"),
        ("import greeting_pb2_grpc", "from . import greeting_pb2_grpc", "greeting_pb2_grpc.GreeterStub"),
        ("import greeting_pb2_grpc as rpc", "from . import greeting_pb2_grpc as rpc", "rpc.GreeterStub"),
    ],
)
def test_an_import_with_an_alternative_keeps_it(program: Program, first: str, second: str, used: str) -> None:
    text = (
        "import grpc\n\n" + "try:\n    {}\nexcept ImportError:\n    {}\n\n"
        'stub = {}(grpc.insecure_channel("a:1"))\nprint(stub.SayHello(None))\n'
    )
    program.write("app.py", text.format(first, second, used))
    program.migrate()
    after = program.text("app.py")
    new = "greeting_connect"
    assert (
        f"    {first.partition(' as ')[0].replace('greeting_pb2_grpc', new).replace('Stub', 'ClientSync')}\n" in after
    )
    assert (
        f"    {second.partition(' as ')[0].replace('greeting_pb2_grpc', new).replace('Stub', 'ClientSync')}\n" in after
    )
    assert "pb2_grpc" not in after
    assert "pass" not in after


def test_a_module_that_a_function_imports_for_all_others_keeps_its_services(program: Program) -> None:
    text = (
        "import grpc\n\n\ndef load():\n    global rpc\n    import greeting_pb2_grpc as rpc\n\n\n"
        "def call(channel: grpc.Channel):\n    load()\n    return rpc.GreeterStub(channel).SayHello(None)\n"
    )
    program.write("app.py", text)
    result = program.migrate()
    assert program.text("app.py") == text
    assert "G2C805" in {finding.code for finding in result.findings}


def test_an_import_in_a_class_keeps_its_services(program: Program) -> None:
    text = (
        "import grpc\n\n\nclass Client:\n    from greeting_pb2_grpc import GreeterStub as Stub\n\n"
        "    def call(self, channel: grpc.Channel):\n        return self.Stub(channel).SayHello(None)\n"
    )
    program.write("app.py", text)
    result = program.migrate()
    assert program.text("app.py") == text
    assert "G2C805" in {finding.code for finding in result.findings}


def test_new_imports_do_not_go_before_what_grpc_reads(program: Program) -> None:
    program.write(
        "app.py",
        "import os\n\nLIMIT = '10'\nos.environ['GRPC_VERBOSITY'] = LIMIT\n\nimport grpc\nimport greeting_pb2_grpc\n\n\n"
        "def ask(target):\n    return greeting_pb2_grpc.GreeterStub(grpc.insecure_channel(target)).SayHello(None)\n",
    )
    program.migrate()
    text = program.text("app.py")
    assert text.index("environ") < text.index("from grpc2connect_runtime import insecure_channel")


def test_a_generated_module_that_a_package_passes_on_under_a_name_of_its_own(program: Program) -> None:
    for folder in ("lib", "lib/wire"):
        program.write(f"{folder}/__init__.py", "")
    for name in ("greeting_pb2.py", "greeting_pb2_grpc.py"):
        (program.folder / name).replace(program.folder / "lib" / "wire" / name)
    stubs = program.text("lib/wire/greeting_pb2_grpc.py")
    program.write(
        "lib/wire/greeting_pb2_grpc.py", stubs.replace("import greeting_pb2", "from lib.wire import greeting_pb2")
    )
    program.write("lib/api.py", "from lib.wire import greeting_pb2_grpc as service_v1\n")
    program.write(
        "lib/ext/plain/greeter.py",
        "from lib.api import service_v1\n\n\nclass Greeter(service_v1.GreeterServicer):\n"
        "    def SayHello(self, request, context):\n        return request\n",
    )
    program.migrate()
    assert program.text("lib/ext/plain/greeter.py").startswith("from lib.wire import greeting_connect\n")
    assert "class Greeter(greeting_connect.GreeterSync):" in program.text("lib/ext/plain/greeter.py")


def test_an_import_that_nothing_uses_stays_and_says_so(program: Program) -> None:
    program.write("notes.py", "import grpc\n")
    result = program.run()
    [entry] = [entry for entry in result.ledger if entry.text == "grpc"]
    assert (entry.state, entry.why) == (State.BRIDGED, "nothing in this file uses it, now as before; delete it")


PACKAGED = (
    "import grpc\n{}\n\n\ndef greet(server):\n"
    '    with grpc.insecure_channel("localhost:50051") as channel:\n'
    "        return {}.GreeterStub(channel).SayHello(greeting_pb2.HelloRequest())\n"
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from api import greeting_pb2, greeting_pb2_grpc", "from api import greeting_connect, greeting_pb2"),
        ("from api import greeting_pb2_grpc, greeting_pb2", "from api import greeting_connect, greeting_pb2"),
        (
            "from .api import tools, greeting_pb2, greeting_pb2_grpc",
            "from .api import tools, greeting_pb2, greeting_connect",
        ),
        (
            "from api import greeting_pb2, greeting_pb2_grpc  # type: ignore",
            "from api import greeting_connect, greeting_pb2  # type: ignore",
        ),
        (
            "from api import (\n    greeting_pb2,\n    greeting_pb2_grpc,\n    tools,\n)",
            "from api import (\n    greeting_connect,\n    greeting_pb2,\n    tools,\n)",
        ),
        (
            "from api import (\n    greeting_pb2,  # messages\n    greeting_pb2_grpc,  # stubs\n)",
            "from api import (\n    greeting_pb2,  # messages\n    greeting_connect,  # stubs\n)",
        ),
        (
            "from api import greeting_pb2, \\\n    greeting_pb2_grpc",
            "from api import greeting_connect, \\\n    greeting_pb2",
        ),
    ],
)
def test_a_module_takes_the_place_of_the_one_that_goes(program: Program, before: str, after: str) -> None:
    _in_a_package(program)
    program.write("app/main.py" if "from ." in before else "app.py", PACKAGED.format(before, "greeting_pb2_grpc"))
    program.migrate()
    text = program.text("app/main.py" if "from ." in before else "app.py")
    assert f"insecure_channel\n{after}\n\n\ndef" in text
    assert not program.migrate().changes


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "from api import greeting_pb2, greeting_pb2_grpc as rpc",
            "from api import greeting_connect, greeting_pb2",
        ),
        (
            "from api import greeting_pb2\nfrom api import greeting_pb2_grpc as rpc\nfrom api import tools",
            "from api import greeting_pb2\nfrom api import greeting_connect\nfrom api import tools",
        ),
    ],
)
def test_so_it_does_under_another_name(program: Program, before: str, after: str) -> None:
    _in_a_package(program)
    program.write("app.py", PACKAGED.format(before, "rpc"))
    program.migrate()
    assert f"{after}\n\n\ndef" in program.text("app.py")


def _in_a_package(program: Program) -> None:
    """The stubs in packages, beside a module that a person wrote."""
    for folder in ("api", "app/api"):
        (program.folder / folder).mkdir(parents=True)
        for name in ("greeting_pb2.py", "greeting_pb2_grpc.py"):
            text = (program.folder / name).read_text()
            dotted = folder.replace("/", ".")
            program.write(
                f"{folder}/{name}", text.replace("import greeting_pb2 as", f"from {dotted} import greeting_pb2 as")
            )
        program.write(f"{folder}/__init__.py", "")
        program.write(f"{folder}/tools.py", "")


@pytest.mark.parametrize(
    "names",
    [
        "insecure_channel, \\\n    alts_channel_credentials",
        "\\\n    alts_channel_credentials, \\\n    insecure_channel",
    ],
)
def test_an_import_over_lines_that_backslashes_join_loses_a_name(program: Program, names: str) -> None:
    text = f"from grpc import {names}\nimport greeting_pb2_grpc\n\nCREDENTIALS = alts_channel_credentials()\n"
    program.write("app.py", f"{text}STUB = greeting_pb2_grpc.GreeterStub(insecure_channel('a:1'))\n")
    program.migrate()
    kept = names.split("alts")[0].replace("insecure_channel, \\\n    ", "")
    assert f"from grpc import {kept}alts_channel_credentials\n" in program.text("app.py")
    assert "import greeting_connect\n" in program.text("app.py")


def test_a_generated_module_that_a_package_passes_on_from_a_package_in_it(program: Program) -> None:
    for name in ("greeting_pb2.py", "greeting_pb2_grpc.py"):
        text = (program.folder / name).read_text().replace("import greeting_pb2 as", "from . import greeting_pb2 as")
        program.write(f"shop/proto/v6/{name}", text)
        (program.folder / name).unlink()
    program.write("shop/__init__.py", "")
    program.write("shop/proto/__init__.py", "from .v6 import greeting_pb2, greeting_pb2_grpc\n")
    program.write("shop/proto/v6/__init__.py", "")
    base = "from .proto import greeting_pb2_grpc\n\n\nclass Base:\n    def __init__(self, channel):\n"
    program.write("shop/base.py", f"{base}        self.stub = greeting_pb2_grpc.GreeterStub(channel)\n")
    client = "import grpc\nfrom .base import Base\nfrom .proto import greeting_pb2\n\n\nclass Client(Base):\n"
    client += "    def greet(self):\n        return self.stub.SayHello(greeting_pb2.HelloRequest())\n\n\n"
    program.write("shop/client.py", f"{client}def client(target):\n    return Client(grpc.insecure_channel(target))\n")
    result = program.migrate()
    assert not [entry for entry in result.ledger if entry.state is State.LEFT and entry.behaviour]
    assert "from shop.proto.v6 import greeting_connect\n" in program.text("shop/base.py")
    assert "self.stub.say_hello(greeting_pb2.HelloRequest())" in program.text("shop/client.py")


def choosing(program: Program, passed: str, imported: str, stub: str) -> None:
    """A package that passes on a generated name of one of two versions, and what makes a stub of that."""
    for name in ("greeting_pb2.py", "greeting_pb2_grpc.py"):
        text = (program.folder / name).read_text().replace("import greeting_pb2 as", "from . import greeting_pb2 as")
        for version in ("v5", "v6"):
            program.write(f"shop/proto/{version}/{name}", text)
            program.write(f"shop/proto/{version}/__init__.py", "")
        (program.folder / name).unlink()
    program.write("shop/__init__.py", "")
    one, other = (passed.format(v=version) for version in ("v5", "v6"))
    choice = (
        f"import google.protobuf\n\nif google.protobuf.__version__ < '6':\n    from {one}\nelse:\n    from {other}\n"
    )
    program.write("shop/proto/__init__.py", choice)
    text = f"import grpc\nfrom .proto import {imported}\n\n\ndef made(target):\n"
    program.write("shop/app.py", f"{text}    return {stub}(grpc.insecure_channel(target))\n")


def test_a_generated_module_that_is_chosen_when_the_program_runs_moves(program: Program) -> None:
    choosing(program, ".{v} import greeting_pb2_grpc", "greeting_pb2_grpc", "greeting_pb2_grpc.GreeterStub")
    program.migrate()
    assert "from .proto import greeting_connect\n" in program.text("shop/app.py")
    for version in ("v5", "v6"):
        assert f"from .{version} import greeting_pb2_grpc, greeting_connect\n" in program.text("shop/proto/__init__.py")
        assert "class GreeterClientSync" in program.text(f"shop/proto/{version}/greeting_connect.py")
    assert not program.run().changes


def test_a_generated_class_that_is_chosen_when_the_program_runs_stays(program: Program) -> None:
    choosing(program, ".{v}.greeting_pb2_grpc import GreeterStub", "GreeterStub", "GreeterStub")
    result = program.migrate()
    assert "_connect" not in program.text("shop/app.py")
    assert {finding.code for finding in result.findings} & {"G2C019", "G2C802", "G2C803"}


UNKNOWN = """import grpc
from shop.gen import stock_pb2_grpc
from till_pb2_grpc import TillStub

channel = grpc.insecure_channel("a:1")
stub = stock_pb2_grpc.StockStub(channel)
print(stub.Count(1), stub.Take(2), TillStub(channel))


class Stock(stock_pb2_grpc.StockServicer):
    pass
"""


def test_a_module_of_which_nothing_is_known_is_one_finding_where_it_is_imported(program: Program) -> None:
    program.write("app.py", UNKNOWN)
    program.write("other.py", "import app\n\nprint(app.stub.Count(3), app.stub.Count(4))\n")
    result = program.run()
    found = [
        (f"{finding.place.path.name}:{finding.place.line}", finding.message)
        for finding in result.findings
        if finding.code == "G2C802"
    ]
    assert found == [
        ("app.py:2", "nothing is known of the generated shop.gen.stock_pb2_grpc (4 references here)"),
        ("app.py:3", "nothing is known of the generated till_pb2_grpc"),
        ("other.py:1", "nothing is known of the generated shop.gen.stock_pb2_grpc (2 references here)"),
    ]
    left = {entry.place.line for entry in result.ledger if entry.code == "G2C802" and entry.place.path.name == "app.py"}
    assert left == {6, 7, 10}


def test_an_import_of_a_submodule_stays_where_the_package_is_still_named(program: Program) -> None:
    head = "from __future__ import annotations\n\n"
    text = (
        "import greeting_pb2_grpc as rpc\n\n\ndef make(options: grpc._Options | None = None) -> grpc.aio.Channel:\n"
        "    return grpc.aio.insecure_channel('a:1', options)\n\n\nstub = rpc.GreeterStub(make())\n"
    )
    program.write("app.py", f"{head}import grpc.aio\n{text}")
    program.write("other.py", f"{head}import grpc\nimport grpc.aio\n{text}")
    program.migrate()
    assert "import grpc.aio\n" in program.text("app.py")
    assert "import grpc\n" in program.text("other.py") and "import grpc.aio\n" not in program.text("other.py")
    assert program.run().changes == ()


def test_a_package_without_init_is_known_by_its_relative_imports(program: Program) -> None:
    """`src` is on the import path, and `src/rpc` is not: `from greeting ...` or a runtime there would not be found."""
    stubs = program.folder / "src" / "rpc" / "made" / "v1"
    stubs.mkdir(parents=True)
    for name in ("greeting_pb2.py", "greeting_pb2_grpc.py"):
        (program.folder / name).replace(stubs / name)
    text = program.text("src/rpc/made/v1/greeting_pb2_grpc.py")
    program.write(
        "src/rpc/made/v1/greeting_pb2_grpc.py",
        text.replace("import greeting_pb2", "from rpc.made.v1 import greeting_pb2"),
    )
    program.write("src/rpc/pool.py", "import grpc\n\n\ndef server():\n    return grpc.server(None)\n")
    program.write(
        "src/rpc/server.py",
        "from .made import v1\nfrom .pool import server\nfrom .services.greeter import Greeter\n\n"
        "v1.greeting_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server())\n",
    )
    program.write("src/rpc/services/__init__.py", "")
    program.write(
        "src/rpc/services/greeter.py",
        "from rpc.made.v1.greeting_pb2_grpc import GreeterServicer\n\n\nclass Greeter(GreeterServicer):\n"
        "    def SayHello(self, request, context):\n        context.set_trailing_metadata((('a', 'b'),))\n"
        "        return request\n",
    )
    result = program.migrate()
    assert "from rpc.made.v1 import greeting_connect\n" in program.text("src/rpc/server.py")
    runtimes = {change.path.parent for change in result.changes if change.path.name == "py.typed"}
    assert runtimes == {program.folder / "src" / "grpc2connect_runtime"}


def test_stubs_behind_a_link_move(program: Program) -> None:
    for name in ("greeting_pb2.py", "greeting_pb2_grpc.py"):
        (program.folder / "out/app/proto").mkdir(parents=True, exist_ok=True)
        (program.folder / name).replace(program.folder / "out/app/proto" / name)
    text = program.text("out/app/proto/greeting_pb2_grpc.py")
    program.write(
        "out/app/proto/greeting_pb2_grpc.py", text.replace("import greeting_pb2", "from app.proto import greeting_pb2")
    )
    program.write("app/__init__.py", "")
    (program.folder / "app" / "proto").symlink_to("../out/app/proto")
    program.write(
        "app/client.py",
        "import grpc\n\nfrom .proto.greeting_pb2_grpc import GreeterStub\n\n"
        "GreeterStub(grpc.insecure_channel('a:1')).SayHello(None)\n",
    )
    program.migrate()
    assert "from .proto.greeting_connect import GreeterClientSync\n" in program.text("app/client.py")


def test_grpc_that_a_star_of_generated_code_brings_moves_with_what_it_raises(program: Program) -> None:
    program.write(
        "app.py",
        "from greeting_pb2 import *\nfrom greeting_pb2_grpc import *\n\n\n"
        'def greet():\n    with grpc.insecure_channel("localhost:1") as channel:\n'
        "        try:\n            return GreeterStub(channel).SayHello(HelloRequest())\n"
        "        except grpc.RpcError as error:\n            return error.details()\n",
    )
    result = program.migrate()
    assert {entry.state for entry in result.ledger if entry.behaviour} <= {State.NATIVE, State.BRIDGED}
    assert "with insecure_channel(" in program.text("app.py")
    assert "except ConnectError as error:\n            return error.message\n" in program.text("app.py")


MODULES = (
    "import greeting_pb2\nimport greeting_pb2_grpc\n\n"
    "MODULES = {1: greeting_pb2_grpc}\n\n\n"
    "def greet(key, address):\n    stubs = MODULES[key]\n"
)


def test_grpc_of_a_generated_module_that_came_as_a_value_is_seen(program: Program) -> None:
    asks = (
        "    channel = stubs.grpc.insecure_channel(address)\n"
        "    return stubs.GreeterStub(channel).SayHello(greeting_pb2.HelloRequest())\n\n\n"
        'greet(1, "localhost:1")\n'
    )
    program.write("app.py", MODULES + asks)
    result = program.migrate()
    assert State.LEFT not in {entry.state for entry in result.ledger}
    assert "channel = insecure_channel(address)\n" in program.text("app.py")


def test_what_stays_of_such_a_grpc_holds_the_service(program: Program) -> None:
    asks = (
        "    channel = stubs.grpc._channel.Something(address)\n"
        "    return stubs.GreeterStub(channel).SayHello(greeting_pb2.HelloRequest())\n\n\n"
        'greet(1, "localhost:1")\n'
    )
    program.write("app.py", MODULES + asks)
    program.migrate()
    assert program.text("app.py") == MODULES + asks


def test_grpc_of_an_add_on_s_module_beside_those_of_the_project_is_accounted_for(program: Program) -> None:
    program.write(
        "app.py",
        "from grpc_health.v1 import health_pb2_grpc\nimport greeting_pb2_grpc\n\n"
        'MODULES = {"health": health_pb2_grpc, "greeting": greeting_pb2_grpc}\n\n\n'
        "def channel(key, address):\n    module = MODULES[key]\n    return module.grpc.insecure_channel(address)\n",
    )
    result = program.run()
    assert result.audit.holds, result.audit
    assert "G2C401" in {entry.code for entry in result.ledger}


def test_grpc_of_a_module_of_the_program_that_came_as_a_value_is_seen(program: Program) -> None:
    program.write("wire.py", "import grpc\n\nCODE = grpc.StatusCode.OK\n")
    program.write(
        "app.py",
        "import wire\n\nWIRES = {1: wire}\n\n\n"
        "def served(key):\n    one = WIRES[key]\n    return one.grpc.server(None)\n",
    )
    result = program.run()
    assert result.audit.holds, result.audit
    assert "G2C301" in {entry.code for entry in result.ledger}
