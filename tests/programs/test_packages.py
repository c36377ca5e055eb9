"""Which files are looked at because a package may pass on something of gRPC's."""

from __future__ import annotations

import pytest

from tests.programs.conftest import Program

CLIENTS = (
    "import grpc\nimport greeting_pb2_grpc\n\n\n"
    "def make():\n    return greeting_pb2_grpc.GreeterStub(grpc.insecure_channel('localhost:1'))\n"
)
USE = "import {0}\nfrom greeting_pb2 import HelloRequest\n\n{1}.SayHello(HelloRequest(name='you'))\n"
APP = "import lib\nimport acme.clients\n\nlib.registry.stub = acme.clients.make()\n"


@pytest.mark.parametrize(
    ("files", "use"),
    [
        ({"acme/__init__.py": "from acme.clients import make\n"}, USE.format("acme", "acme.make()")),
        ({"acme/__init__.py": "", "outer/__init__.py": "from acme.clients import make\n"},
         USE.format("outer", "outer.make()")),
        ({"acme/__init__.py": "", "inner/__init__.py": "from acme.clients import *\n",
          "outer/__init__.py": "from inner import make\n"}, USE.format("outer", "outer.make()")),
        ({"acme/__init__.py": "", "lib/__init__.py": "from lib import registry\n", "lib/registry.py": "stub = None\n",
          "app.py": APP}, USE.format("lib", "lib.registry.stub")),
    ],
    ids=["its own", "of another", "of one more", "put there"],
)  # fmt: skip
def test_what_a_package_passes_on_is_followed(program: Program, files: dict[str, str], use: str) -> None:
    for name, text in {**files, "acme/clients.py": CLIENTS, "use.py": use}.items():
        program.write(name, text)
    program.migrate()
    assert ".say_hello(HelloRequest(" in program.text("use.py")


@pytest.mark.parametrize(
    "package",
    [
        "from lib.core import Thing, things\n",
        "from lib.core import Thing\nfrom importlib import import_module as load\n\nthings = load(Thing.name)\n",
    ],
    ids=["without gRPC", "by any name"],
)
def test_users_of_a_package_that_no_way_leads_from_to_grpc_count_if_they_speak_of_it(
    program: Program, package: str
) -> None:
    program.write("lib/__init__.py", package)
    program.write("lib/core.py", "class Thing:\n    name = 'x'\n\n\nthings = {}\n")
    program.write("app.py", CLIENTS + "\n\nfrom lib import things\n\nthings.update(dict(x=make()))\n")
    program.write("speaks.py", "from lib import things\n\nthings['x'].SayHello(1)\n")
    program.write("quiet.py", "import lib\n\nlib.things.clear()\n")
    program.write("prose.py", '"""SayHello: what it says."""\nimport lib\n\nlib.things.clear()  # .SayHello(1)\n')
    result = program.run()
    looked_at = {"speaks.py", "quiet.py", "prose.py"}
    assert {path.name for path in result.reach.parsed} & looked_at == {"speaks.py"}
    assert any(entry.place.path.name == "speaks.py" for entry in result.ledger)
