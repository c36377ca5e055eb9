"""Stub classes, servicer classes and registrations as values: kept, passed, looked up and called somewhere else."""

from __future__ import annotations

import pytest

from tests.programs.conftest import Program, check_form, check_stays

HEAD = "import grpc\n\nimport greeting_pb2\nimport greeting_pb2_grpc as rpc\n\n\n"
ASK = ".SayHello(greeting_pb2.HelloRequest())"
ASKS = ".say_hello(greeting_pb2.HelloRequest())"
CLASS = "greeting_connect.GreeterClientSync"
APP = "greeting_connect.GreeterASGIApplication"
SERVICER = (
    "class Greeter(rpc.GreeterServicer):\n    def SayHello(self, request, context):\n        return request\n\n\n"
)
SERVER = "server = grpc.server(None)\n"

MOVES = {
    "a module of messages whose name is in a variable": (
        "import importlib\n\nMODULE = 'other.greeting_pb2'\nother = importlib.import_module(MODULE)\n\n\n"
        f"def ask(channel: grpc.Channel):\n    return rpc.GreeterStub(channel){ASK}\n",
        f"    return client_on(channel, {CLASS}){ASKS}\n",
    ),
    "a name": (
        f"Stub = rpc.GreeterStub\n\n\ndef ask(channel: grpc.Channel):\n    return Stub(channel){ASK}\n",
        f"Stub = {CLASS}\n    return client_on(channel, Stub){ASKS}\n",
    ),
    "a dict of classes": (
        "STUBS = {'greeter': rpc.GreeterStub}\n\n\ndef ask(name):\n    channel = grpc.insecure_channel('a:1')\n"
        f"    return STUBS[name](channel){ASK}\n",
        f"STUBS = {{'greeter': {CLASS}}}\n    return channel.client(STUBS[name]){ASKS}\n",
    ),
    "a dict of classes that is asked": (
        "STUBS = {'greeter': rpc.GreeterStub}\n\n\ndef ask(name):\n    channel = grpc.insecure_channel('a:1')\n"
        f"    cls = STUBS.get(name)\n    return cls(channel){ASK}\n",
        f"    return channel.client(cls){ASKS}\n",
    ),
    "a dict of classes that is looped over": (
        "STUBS = {'greeter': rpc.GreeterStub}\n\n\ndef ask():\n    channel = grpc.insecure_channel('a:1')\n"
        "    stubs = {name: cls(channel) for name, cls in STUBS.items()}\n"
        f"    return stubs['greeter']{ASK}\n",
        f"    stubs = {{name: channel.client(cls) for name, cls in STUBS.items()}}\n"
        f"    return stubs['greeter']{ASKS}\n",
    ),
    "a class attribute": (
        "class Client:\n    stub_class = rpc.GreeterStub\n\n    def __init__(self, target):\n"
        "        self.stub = self.stub_class(grpc.insecure_channel(target))\n\n"
        f"    def ask(self):\n        return self.stub{ASK}\n",
        f"    stub_class = {CLASS}\n        self.stub = grpc_channel(target).client(self.stub_class)\n".replace(
            "grpc_channel", "insecure_channel"
        )
        + f"        return self.stub{ASKS}\n",
    ),
    "a class attribute of a subclass": (
        "class Base:\n    stub_class = None\n\n    def __init__(self, target):\n"
        "        self.stub = self.stub_class(grpc.insecure_channel(target))\n\n\n"
        "class Client(Base):\n    stub_class = rpc.GreeterStub\n\n"
        f"    def ask(self):\n        return self.stub{ASK}\n",
        f"    stub_class = {CLASS}\n        self.stub = insecure_channel(target).client(self.stub_class)\n"
        f"        return self.stub{ASKS}\n",
    ),
    "a parameter": (
        "def make(cls, target):\n    return cls(grpc.insecure_channel(target))\n\n\n"
        f"def ask():\n    return make(rpc.GreeterStub, 'a:1'){ASK}\n",
        f"    return insecure_channel(target).client(cls)\n    return make({CLASS}, 'a:1'){ASKS}\n",
    ),
    "a parameter of a class method": (
        "class Maker:\n    @classmethod\n    def make(cls, stub_class, target):\n"
        "        return stub_class(grpc.insecure_channel(target))\n\n\n"
        f"def ask():\n    return Maker.make(rpc.GreeterStub, 'a:1'){ASK}\n",
        f"        return insecure_channel(target).client(stub_class)\n    return Maker.make({CLASS}, 'a:1'){ASKS}\n",
    ),
    "a parameter by keyword, with a default": (
        "def make(target, *, cls=rpc.GreeterStub):\n    return cls(channel=grpc.insecure_channel(target))\n\n\n"
        f"def ask():\n    return make('a:1', cls=rpc.GreeterStub){ASK}\n",
        f"def make(target, *, cls={CLASS}):\n    return insecure_channel(target).client(cls)\n"
        f"    return make('a:1', cls={CLASS}){ASKS}\n",
    ),
    "a parameter with a type": (
        "from typing import Type\n\n\ndef make(cls: Type[rpc.GreeterStub], target):\n"
        "    return cls(grpc.insecure_channel(target))\n\n\n"
        f"def ask():\n    return make(rpc.GreeterStub, 'a:1'){ASK}\n",
        f"def make(cls: Type[{CLASS}], target):\n    return make({CLASS}, 'a:1'){ASKS}\n",
    ),
    "an argument of a constructor": (
        "class Client:\n    def __init__(self, stub_class, target):\n        self._make = stub_class\n"
        "        self._channel = grpc.insecure_channel(target)\n\n    @property\n    def stub(self):\n"
        f"        return self._make(self._channel)\n\n    def ask(self):\n        return self.stub{ASK}\n\n\n"
        "Client(rpc.GreeterStub, 'a:1').ask()\n",
        f"        return self._channel.client(self._make)\n        return self.stub{ASKS}\n"
        f"Client({CLASS}, 'a:1').ask()\n",
    ),
    "a function that gives the class": (
        "def stub_class():\n    return rpc.GreeterStub\n\n\n"
        f"def ask(channel: grpc.Channel):\n    return stub_class()(channel){ASK}\n",
        f"    return {CLASS}\n    return client_on(channel, stub_class()){ASKS}\n",
    ),
    "a literal name": (
        f"def ask(channel: grpc.Channel):\n    return getattr(rpc, 'GreeterStub')(channel){ASK}\n",
        f"    return client_on(channel, GreeterClientSync){ASKS}\n",
    ),
    "an aio class": (
        "STUBS = [rpc.GreeterStub]\n\n\nasync def ask():\n    async with grpc.aio.insecure_channel('a:1') as channel:\n"
        f"        for cls in STUBS:\n            await cls(channel){ASK}\n",
        f"STUBS = [greeting_connect.GreeterClient]\n            await channel.client(cls){ASKS}\n",
    ),
    "registration as a value": (
        SERVICER + SERVER + "add = rpc.add_GreeterServicer_to_server\nadd(Greeter(), server)\n",
        f"add = {APP}\nserver.add_service(add, Greeter())\n",
    ),
    "registrations in a loop": (
        SERVICER + SERVER + "for add, servicer in ((rpc.add_GreeterServicer_to_server, Greeter()),):\n"
        "    add(servicer, server)\n",
        f"for add, servicer in (({APP}, Greeter()),):\n    server.add_service(add, servicer)\n",
    ),
    "registrations in a list": (
        SERVICER + "SERVICES = [(Greeter, rpc.add_GreeterServicer_to_server)]\n\n\ndef serve():\n"
        "    server = grpc.server(None)\n    for cls, add in SERVICES:\n        add(cls(), server)\n"
        "    return server\n",
        f"SERVICES = [(Greeter, {APP})]\n        server.add_service(add, cls())\n",
    ),
    "registration as a class attribute": (
        "class Greeter(rpc.GreeterServicer):\n    REGISTER = rpc.add_GreeterServicer_to_server\n\n"
        "    def SayHello(self, request, context):\n        return request\n\n    def setup(self, server):\n"
        "        self.REGISTER(server)\n\n\n" + SERVER + "Greeter().setup(server)\n",
        f"    REGISTER = {APP}\n        server.add_service(self.REGISTER, self)\n",
    ),
    "registration as a static attribute of a subclass": (
        "class Base:\n    def setup(self, server):\n        self.add(self, server)\n\n\n"
        "class Greeter(Base, rpc.GreeterServicer):\n    add = staticmethod(rpc.add_GreeterServicer_to_server)\n\n"
        "    def SayHello(self, request, context):\n        return request\n\n\n"
        + SERVER
        + "Greeter().setup(server)\n",
        f"    add = staticmethod({APP})\n        server.add_service(self.add, self)\n",
    ),
    "registration as a parameter": (
        SERVICER + "def serve(adder, servicer):\n    server = grpc.server(None)\n    adder(servicer, server)\n"
        "    return server\n\n\nserve(rpc.add_GreeterServicer_to_server, Greeter())\n",
        f"    server.add_service(adder, servicer)\nserve({APP}, Greeter())\n",
    ),
    "registration by a literal name": (
        SERVICER + SERVER + 'getattr(rpc, "add_GreeterServicer_to_server")(Greeter(), server)\n',
        "server.add_service(GreeterASGIApplication, Greeter())\n",
    ),
    "registration as a lambda": (
        SERVICER + SERVER + "add = lambda s: rpc.add_GreeterServicer_to_server(Greeter(), s)\nadd(server)\n",
        f"add = lambda s: s.add_service({APP}, Greeter())\n",
    ),
    "registration in a partial": (
        "import functools\n\n" + SERVICER + "def add(servicer, server):\n"
        "    rpc.add_GreeterServicer_to_server(servicer, server)\n\n\n"
        + SERVER
        + "functools.partial(add, Greeter())(server)\n",
        f"    server.add_service({APP}, servicer)\n",
    ),
    "a servicer known only from its registration": (
        "class Greeter:\n    def SayHello(self, request, context):\n"
        "        context.abort(grpc.StatusCode.ABORTED, 'x')\n\n\n"
        + SERVER
        + "rpc.add_GreeterServicer_to_server(Greeter(), server)\n",
        "    def say_hello(self, request, context):\n        raise ConnectError(Code.ABORTED, 'x')\n",
    ),
    "a servicer class as a value": (
        SERVICER + SERVER + "KINDS = {'x': Greeter}\n\n\ndef make(name):\n    return KINDS[name]()\n\n\n"
        "rpc.add_GreeterServicer_to_server(make('x'), server)\n",
        f"server.add_service({APP}, make('x'))\n",
    ),
}


@pytest.mark.parametrize("name", MOVES)
def test_moves(program: Program, name: str) -> None:
    body, wanted = MOVES[name]
    check_form(program, {"app.py": HEAD + body}, {"app.py": wanted})


MADE = "stub = rpc.GreeterStub(grpc.insecure_channel('a:1'))\n"
STAYS = {
    "a class that goes to a library": (
        "import factories\n\nfactories.register('x', rpc.GreeterStub)\n" + MADE,
        "G2C803",
    ),
    "a class whose name is read": ("cls = rpc.GreeterStub\nprint(cls.__name__)\n" + MADE, "G2C803"),
    "a class whose name is read where a class method puts it": (
        "from functools import partial\n\n\nclass Entry:\n    def __init__(self, stub_class):\n"
        "        self.module = stub_class.__module__\n\n    @classmethod\n    def of(cls, stub_class):\n"
        "        return partial(cls.make, stub_class)\n\n    @classmethod\n    def make(cls, stub_class, *rest):\n"
        "        return cls(stub_class)\n\n\nentry = Entry.of(rpc.GreeterStub)\n\n\n@entry\ndef f(): ...\n\n\n" + MADE,
        "G2C803",
    ),
    "a class that goes where an object is made before it is started": (
        "class Entry:\n    def __new__(cls, stub_class):\n        cls.module = stub_class.__module__\n"
        "        return super().__new__(cls)\n\n    def __init__(self, stub_class):\n        pass\n\n\n"
        "Entry(rpc.GreeterStub)\n" + MADE,
        "G2C803",
    ),
    "a class that a library's base reads": (
        "from library import Client\n\n\nclass Mine(Client):\n    stub_class = rpc.GreeterStub\n\n\n" + MADE,
        "G2C803",
    ),
    "a module that is imported by name": (
        "import importlib\n\nmodule = importlib.import_module('greeting_pb2_grpc')\n"
        "module.GreeterStub(grpc.insecure_channel('a:1'))\n" + MADE,
        "G2C504",
    ),
    "a module whose name is in a variable": (
        "import importlib\n\nname = 'greeting_pb2'\nimportlib.import_module(name)\nname = 'greeting_pb2_grpc'\n"
        + SERVICER
        + SERVER
        + "importlib.import_module(name).add_GreeterServicer_to_server(Greeter(), server)\n",
        "G2C504",
    ),
    "a module whose name is in a table": (
        "import importlib\n\nNAMES = {'Greeter': 'greeting_pb2_grpc'}\n"
        + SERVICER
        + SERVER
        + "for one, name in NAMES.items():\n    stubs = importlib.import_module(NAMES[one])\n"
        "    getattr(stubs, f'add_{one}Servicer_to_server')(Greeter(), server)\n",
        "G2C504",
    ),
    "a module whose name is put together": (
        "import importlib\n\n" + SERVICER + SERVER + "def serve(name):\n"
        "    importlib.import_module(f'{name}_pb2_grpc').add_GreeterServicer_to_server(Greeter(), server)\n",
        "G2C504",
    ),
    "a module whose name grows": (
        "import importlib\n\n" + SERVICER + SERVER + "name = 'greeting_pb2'\nname += END\n"
        "importlib.import_module(name).add_GreeterServicer_to_server(Greeter(), server)\n",
        "G2C504",
    ),
    "a module that a package is asked for": (
        "import messages\n\n" + SERVICER + SERVER + "def serve(name):\n"
        "    getattr(messages, f'{name}_pb2_grpc').add_GreeterServicer_to_server(Greeter(), server)\n",
        "G2C504",
    ),
    "a module whose name is given": (
        "import importlib\n\n\ndef load(name):\n    return importlib.import_module(name)\n\n\n"
        + SERVICER
        + SERVER
        + "load('greeting_pb2_grpc').add_GreeterServicer_to_server(Greeter(), server)\n",
        "G2C504",
    ),
    "a registration that goes to a library": (
        "import runner\n\n" + SERVICER + SERVER + "runner.run(rpc.add_GreeterServicer_to_server, Greeter())\n"
        "rpc.add_GreeterServicer_to_server(Greeter(), server)\n",
        "G2C803",
    ),
    "the class of a servicer that goes somewhere": (
        SERVICER + SERVER + "rpc.add_GreeterServicer_to_server(Greeter(), server)\n"
        "print(server.kind(rpc.GreeterServicer))\n",
        "G2C803",
    ),
    "a test that is given classes by pytest": (
        "import pytest\n\n\n@pytest.mark.parametrize('cls', [rpc.GreeterStub])\ndef test(cls):\n"
        "    cls(grpc.insecure_channel('a:1'))\n" + MADE,
        "G2C803",
    ),
}


@pytest.mark.parametrize("name", STAYS)
def test_stays(program: Program, name: str) -> None:
    body, code = STAYS[name]
    check_stays(program, {"app.py": HEAD + body}, code)
