"""What only looks safe: each program here would run differently if it were rewritten in the obvious way."""

from __future__ import annotations

import pytest

from tests.programs.conftest import Program

HEAD = "import grpc\n\nimport greeting_pb2\nimport greeting_pb2_grpc as rpc\n\n\n"
SERVE = (
    "\n\ndef serve(pool):\n    server = grpc.server(pool)\n    rpc.add_GreeterServicer_to_server(Greeter(), server)\n"
)
CALL = "rpc.GreeterStub(grpc.insecure_channel('a:1')).SayHello(greeting_pb2.HelloRequest())"

STAYS = {
    "an import that may be None": (
        "try:\n    import grpc\nexcept ImportError:\n    grpc = None\n\nimport greeting_pb2\n"
        "import greeting_pb2_grpc as rpc\n\n\ndef ask():\n    return " + CALL + "\n",
        "G2C805",
    ),
    "stubs from two places": (
        "import os\n\nimport grpc\n\nimport greeting_pb2\n\nif os.environ.get('FAKE'):\n"
        "    import fakes as rpc\nelse:\n"
        "    import greeting_pb2_grpc as rpc\n\n\ndef ask():\n    return " + CALL + "\n",
        "G2C805",
    ),
    "a servicer beside a stub": (
        HEAD
        + "class Greeter(rpc.GreeterServicer):\n    def SayHello(self, request, context):\n        return request\n\n\n"
        "def client(target):\n    return rpc.GreeterStub(grpc.insecure_channel(target)) if target else Greeter()\n\n\n"
        "def ask(target):\n    return client(target).SayHello(greeting_pb2.HelloRequest(), None)\n",
        "G2C501",
    ),
    "the class of an error": (
        HEAD + "def ask():\n    try:\n        return " + CALL + "\n    except grpc.RpcError as error:\n"
        "        return type(error) == grpc._channel._InactiveRpcError\n",
        "G2C601",
    ),
    "a channel nobody is known to use": (HEAD + "channel = grpc.insecure_channel('a:1')\n", "G2C401"),
    "code in a string": (HEAD + "stub = " + CALL.partition(".SayHello")[0] + "\neval('stub.SayHello')\n", "G2C504"),
    "a name that a comprehension binds too": (
        HEAD + "stub = " + CALL + "\nnames = [grpc.insecure_channel for grpc in ()]\n",
        "G2C805",
    ),
    "a method that is deleted": (HEAD + "stub = " + CALL.partition(".SayHello")[0] + "\ndel stub.SayHello\n", "G2C501"),
    "a stub class that is replaced": (HEAD + "rpc.GreeterStub = print\nstub = " + CALL + "\n", "G2C803"),
    "errors of calls that cannot be seen": (
        "import grpc\nimport elsewhere\n\n\ndef ask():\n    try:\n        return elsewhere.ask()\n"
        "    except grpc.RpcError as error:\n        return error.code()\n",
        None,
    ),
}


@pytest.mark.parametrize("name", STAYS)
def test_stays(program: Program, name: str) -> None:
    text, code = STAYS[name]
    program.write("app.py", text)
    result = program.migrate()
    assert program.text("app.py") == text
    assert code is None or code in {finding.code for finding in result.findings} | {one.code for one in result.ledger}


def servicer(body: str, bases: str = "rpc.GreeterServicer", before: str = "") -> str:
    return HEAD + before + f"class Greeter({bases}):\n" + body + SERVE


BRIDGED = {
    "a decorator may look at the name": (
        servicer(
            "    @audited\n    def SayHello(self, request, context):\n        return None\n",
            before="def audited(handler):\n    return handler\n\n\n",
        ),
        ["    def SayHello(self, request, context):", "    say_hello = SayHello"],
    ),
    "a handler that looks at its own name": (
        servicer("    def SayHello(self, request, context):\n        print(self.SayHello.__name__)\n"),
        ["    def SayHello(self, request, context):", "    say_hello = SayHello"],
    ),
    "a handler whose name another method asks for": (
        servicer(
            "    def SayHello(self, request, context):\n        return None\n\n"
            "    def started(self):\n        print('ready', self.SayHello.__qualname__)\n"
        ),
        ["    def SayHello(self, request, context):", "    say_hello = SayHello"],
    ),
    "a handler that looks at the stack": (
        servicer(
            "    def SayHello(self, request, context):\n        print(sys._getframe().f_code.co_name)\n",
            before="import sys\n\n\n",
        ),
        ["    def SayHello(self, request, context):", "    say_hello = SayHello"],
    ),
    "a handler that is bound again": (
        servicer(
            "    def SayHello(self, request, context):\n        return None\n\n    SayHello = twice(SayHello)\n",
            before="def twice(handler):\n    return handler\n\n\n",
        ),
        ["    SayHello = twice(SayHello)", "    say_hello = SayHello"],
    ),
    "a status under a transaction": (
        servicer(
            "    def SayHello(self, request, context):\n        with self.database:\n"
            "            context.set_code(grpc.StatusCode.NOT_FOUND)\n            return greeting_pb2.HelloReply()\n"
        ),
        ["            context.set_code(Code.NOT_FOUND)", "            return greeting_pb2.HelloReply()"],
    ),
    "a status that is read": (
        servicer(
            "    def SayHello(self, request, context):\n        try:\n"
            "            context.abort(grpc.StatusCode.NOT_FOUND, 'gone')\n        finally:\n"
            "            print(context.code())\n"
        ),
        ["            context.abort(Code.NOT_FOUND, 'gone')"],
    ),
    "a class decorator may wrap the methods": (
        servicer(
            "    def SayHello(self, request, context):\n        context.abort(grpc.StatusCode.NOT_FOUND, 'gone')\n"
        ).replace("class Greeter", "@guarded\nclass Greeter"),
        ["        context.abort(Code.NOT_FOUND, 'gone')", "    say_hello = SayHello"],
    ),
    "details that are no text": (
        servicer(
            "    def SayHello(self, request, context):\n"
            "        context.abort(grpc.StatusCode.NOT_FOUND, ValueError('x'))\n"
        ),
        ["        context.abort(Code.NOT_FOUND, ValueError('x'))"],
    ),
    "who the client is": (
        servicer(
            "    def SayHello(self, request, context):\n        key = context.peer_identity_key()\n"
            "        return greeting_pb2.HelloReply(message=str(context.auth_context()[key]))\n"
        ),
        [
            "        key = context.peer_identity_key()",
            "        return greeting_pb2.HelloReply(message=str(context.auth_context()[key]))",
        ],
    ),
    "another base after it": (
        servicer("    pass\n", bases="rpc.GreeterServicer, Base", before="class Base:\n    pass\n\n\n"),
        ["class Greeter(ServicerBase[greeting_connect.GreeterSync], Base):"],
    ),
    "a metaclass": (
        servicer("    pass\n", bases="rpc.GreeterServicer, metaclass=Single"),
        ["class Greeter(ServicerBase[greeting_connect.GreeterSync], metaclass=Single):"],
    ),
    "a metaclass that sees the names": (
        servicer(
            "    def SayHello(self, request, context):\n        return None\n",
            bases="rpc.GreeterServicer, metaclass=Registry",
        ),
        ["    def SayHello(self, request, context):", "    say_hello = SayHello"],
    ),
    "a metaclass of a base": (
        HEAD + "class Base(metaclass=Registry):\n    pass\n\n\n"
        "class Greeter(Base, rpc.GreeterServicer):\n"
        "    def SayHello(self, request, context):\n        return None\n\n\n"
        "def serve(pool):\n    rpc.add_GreeterServicer_to_server(Greeter(), grpc.server(pool))\n",
        ["    def SayHello(self, request, context):", "    say_hello = SayHello"],
    ),
    "a fake beside a stub": (
        HEAD + "class Local:\n    def SayHello(self, request, timeout=None):\n        return request\n\n\n"
        "def client(target):\n    return rpc.GreeterStub(grpc.insecure_channel(target)) if target else Local()\n\n\n"
        "def ask(target):\n    return client(target).SayHello(greeting_pb2.HelloRequest(), timeout=2)\n",
        [
            "    def SayHello(self, request, timeout=None):",
            "    return by_rpc_names(insecure_channel(target).client(greeting_connect.GreeterClientSync))"
            " if target else Local()",
            "    return client(target).SayHello(greeting_pb2.HelloRequest(), timeout=2)",
        ],
    ),
    "a fake that goes where nobody follows": (
        HEAD + "class Settings:\n    def __init__(self, engine=None, **more):\n        for key in more:\n"
        "            setattr(self, key, more[key])\n        self.engine = rpc.GreeterStub(engine)\n\n\n"
        "class Fake:\n    def SayHello(self, request):\n        return request\n\n\n"
        "def fake():\n    return Settings(**dict(engine=Fake()))\n\n\n"
        "def real(target):\n    return Settings(grpc.insecure_channel(target))\n\n\n"
        "def ask(settings: Settings):\n    return settings.engine.SayHello(None)\n",
        ["    return settings.engine.SayHello(None)"],
    ),
    "an error of two kinds": (
        HEAD + "class Mine(Exception):\n    def code(self):\n        return 'mine'\n\n\ndef ask():\n    try:\n"
        "        return " + CALL + "\n    except (grpc.RpcError, Mine) as error:\n        return error.code()\n",
        ["        return rpc_error(error).code()"],
    ),
}


@pytest.mark.parametrize("name", BRIDGED)
def test_bridged(program: Program, name: str) -> None:
    text, wanted = BRIDGED[name]
    program.write("app.py", text)
    program.migrate()
    lines = program.text("app.py").splitlines()
    assert [line for line in wanted if line not in lines] == []
    assert program.run().changes == ()


def test_the_name_of_a_builtin(program: Program) -> None:
    """An RPC called List would shadow `list` in the body of the class."""
    text = (STUB := (program.folder / "greeting_pb2_grpc.py").read_text()).replace("SayHelloOften", "List")
    assert text != STUB
    (program.folder / "greeting_pb2_grpc.py").write_text(text)
    body = "    def List(self, request, context):\n        yield None\n\n"
    body += "    def rest(self) -> list[int]:\n        return []\n"
    program.write("app.py", servicer(body))
    program.migrate()
    assert "    def List(self" in program.text("app.py")
    assert "    list = List\n" in program.text("app.py")


def test_a_field_called_grpc_is_no_reference(program: Program) -> None:
    program.write(
        "settings.py",
        "class Part:\n    host = 'a'\n\n\nclass Settings:\n    grpc: Part\n\n    def __init__(self):\n"
        "        self.grpc = Part()\n\n    def host(self):\n        return self.grpc.host\n",
    )
    program.write(
        "app.py", HEAD + "from settings import Settings\n\nstub = rpc.GreeterStub(grpc.insecure_channel('a'))\n"
    )
    assert program.run().audit.holds


def test_a_module_that_passes_stubs_on(program: Program) -> None:
    (program.folder / "inner").mkdir()
    program.write("inner/__init__.py", "")
    for name in ("greeting_pb2.py", "greeting_pb2_grpc.py"):
        (program.folder / name).rename(program.folder / "inner" / name)
    program.write("greeting_pb2_grpc.py", "from inner.greeting_pb2_grpc import *\n")
    program.write(
        "app.py",
        "import grpc\n\nfrom greeting_pb2_grpc import GreeterStub\n\n"
        "stub = GreeterStub(grpc.insecure_channel('a:1'))\n",
    )
    program.migrate()
    assert "from inner.greeting_connect import GreeterClientSync" in program.text("app.py")


def test_both_errors_are_caught_once(program: Program) -> None:
    text = HEAD + (
        "from connectrpc.errors import ConnectError\n\n\ndef ask(other):\n    try:\n        other.SayHello()\n"
        "        return " + CALL + "\n    except (grpc.RpcError, ConnectError):\n        return None\n"
    )
    program.write("app.py", text)
    program.migrate()
    assert program.run().changes == ()


CLIENT = HEAD + "stub = rpc.GreeterStub(grpc.insecure_channel('a:1'))\n"


def packaged(program: Program, *folders: str) -> None:
    """Put a package called grpc into a folder; every one of `folders` is a package too."""
    for folder in (*folders, f"{folders[-1]}/grpc"):
        program.write(f"{folder}/__init__.py", "")


def test_a_package_called_grpc_inside_a_package_hides_nothing(program: Program) -> None:
    packaged(program, "app", "app/drivers")
    program.write("app/drivers/client.py", "from .grpc import helper\n" + CLIENT)
    program.write("app/drivers/grpc/helper.py", "")
    program.migrate()
    assert "insecure_channel('a:1').client(" in program.text("app/drivers/client.py")


def test_what_is_new_of_grpc_is_found_beside_a_package_of_that_name(program: Program) -> None:
    packaged(program, "app")
    program.write("app/helper.py", "")
    program.write("app/tool.py", "import helper\n" + CLIENT)  # a script, so its folder is an import root of its own
    program.write(
        "app/check.py",
        "import grpc\n\nIGNORED = grpc.experimental.ExperimentalApiWarning\n\n\ndef check(call):\n    try:\n"
        "        return call()\n    except grpc.RpcError as error:\n        return error.code()\n",
    )
    program.write("client.py", "from app.check import check\n" + CLIENT + "check(lambda: stub.SayHello(None))\n")
    program.migrate()
    assert "insecure_channel('a:1').client(" in program.text("client.py")
    assert "rpc_error(error, grpc.StatusCode).code()" in program.text("app/check.py")


def test_a_folder_called_grpc_hides_nothing(program: Program) -> None:
    program.write("grpc/notes.py", "")
    program.write("client.py", CLIENT)
    program.migrate()
    assert "insecure_channel('a:1').client(" in program.text("client.py")


def test_a_package_called_grpc_beside_a_program_hides_it(program: Program) -> None:
    program.write("grpc/__init__.py", "def insecure_channel(target):\n    return target\n")
    program.write("client.py", "import grpc\n\nchannel = grpc.insecure_channel('a:1')\n")
    assert program.run().changes == ()
    assert program.run().ledger == ()


def test_a_package_called_grpc_that_may_hide_it_keeps_the_service(program: Program) -> None:
    program.write("services/grpc/__init__.py", "")
    program.write("services/one/client.py", CLIENT)
    result = program.migrate()
    assert program.text("services/one/client.py") == CLIENT
    assert "G2C805" in {finding.code for finding in result.findings}


STUB = "rpc.GreeterStub(grpc.insecure_channel('a:1'))"
KEPT = {
    "a parameter": "def f(grpc, rpc):\n    return grpc.insecure_channel(rpc.GreeterStub)\n",
    "a local variable": "def f():\n    grpc = object()\n    return grpc.insecure_channel\n",
    "a lambda": "pick = lambda rpc: rpc.GreeterStub\n",
    "classes of the user's": (
        "class Channel:\n    def close(self):\n        pass\n\n\nclass GreeterStub:\n"
        "    def SayHello(self, r):\n        return r\n\n\nGreeterStub().SayHello(Channel().close())\n"
    ),
    "a method spelled like an RPC": (
        "class Dog:\n    def SayHello(self, name):\n        return name\n\n\nDog().SayHello(1)\n"
    ),
    "a string": "print('stub.SayHello grpc.insecure_channel')\n",
    "a type comment": "other = None  # type: rpc.GreeterStub\n",
}


@pytest.mark.parametrize("name", KEPT)
def test_kept_beside_what_moves(program: Program, name: str) -> None:
    program.write("app.py", f"{HEAD}stub = {STUB}\nstub.SayHello(None)\n\n\n{KEPT[name]}")
    program.migrate()
    after = program.text("app.py")
    assert after.endswith(f"stub.say_hello(None)\n\n\n{KEPT[name]}")
    assert "greeting_pb2_grpc as rpc" in after or name not in ("a parameter", "a lambda", "a type comment")
    assert program.run().changes == ()


SHAPES = {
    "a global": (
        "stub = None\n\n\ndef init():\n    global stub\n    stub = STUB\n\n\ndef f():\n    return stub.CALL(None)\n"
    ),
    "an attribute of a class": "class A:\n    stub = STUB\n\n    def f(self):\n        return self.stub.CALL(None)\n",
    "slots": (
        "class A:\n    __slots__ = ('stub',)\n\n    def __init__(self):\n        self.stub = STUB\n\n"
        "    def f(self):\n        return self.stub.CALL(None)\n"
    ),
    "a list that grows": "stubs = []\nstubs += [STUB]\nfor one in stubs:\n    one.CALL(None)\n",
    "one line": "stub = STUB; a = stub.CALL(None); print(a)\n",
    "a walrus": "if (s := STUB) and (r := s.CALL(None)):\n    print(r)\n",
    "a conditional": "stub = STUB if HEAD else None\nr = stub.CALL(None) if stub else None\n",
    "unpacking": "a, (b, *c) = STUB, (1, 2)\na.CALL(None)\n",
    "an f-string": 'stub = STUB\nprint(f"{stub.CALL(None)!r:>{stub.CALL(None).n}}")\n',
    "a match": "stub = STUB\nmatch stub.CALL(None):\n    case None:\n        stub.CALL(1)\n",
    "other scripts": "größe = STUB; 名 = größe.CALL(None); print('é', größe.CALL(名))\n",
    "a function in a function": "def f():\n    s = STUB\n\n    def g():\n        return s.CALL(None)\n\n    return g\n",
    "a line that goes on": "stub = \\\n    STUB\na = stub \\\n    .CALL(None)  # c\n",
    "a deleted name": "stub = STUB\nstub.CALL(None)\ndel stub\n",
}


@pytest.mark.parametrize("name", SHAPES)
def test_moves_in_any_shape(program: Program, name: str) -> None:
    text = SHAPES[name].replace("HEAD", "__name__")
    program.write("app.py", HEAD + text.replace("STUB", STUB).replace("CALL", "SayHello"))
    program.migrate()
    moved = "insecure_channel('a:1').client(greeting_connect.GreeterClientSync)"
    assert program.text("app.py").endswith(text.replace("STUB", moved).replace("CALL", "say_hello"))
    assert program.run().changes == ()


def test_a_handler_that_names_the_class_of_an_error_takes_its_new_name(program: Program) -> None:
    body = "        try:\n            return None\n        except Exception as error:\n            "
    program.write(
        "app.py",
        servicer(f"    def SayHello(self, request, context):\n{body}print(type(error).__name__)\n"),
    )
    program.migrate()
    assert "    def say_hello(self, request, context):\n" in program.text("app.py")
    assert "SayHello" not in program.text("app.py")


@pytest.mark.parametrize(
    "passed_on",
    [
        {"storage/__init__.py": "from .stock import Stock\n"},
        {"storage/__init__.py": "from storage.inner import Shelf as Stock\n",
         "storage/inner/__init__.py": "from ..stock import Stock as Shelf\n"},
    ],
    ids=["by a package", "by two"],
)  # fmt: skip
def test_a_class_that_a_package_passes_on_is_known(program: Program, passed_on: dict[str, str]) -> None:
    program.write("storage/stock.py", "class Stock:\n    def SayHello(self, name):\n        return name\n")
    for name, text in passed_on.items():
        program.write(name, text)
    control = (
        "from storage import Stock\n\n\nclass Control:\n    def __init__(self, stock: Stock):\n"
        "        self.stock = stock\n\n    def hello(self):\n        return self.stock.SayHello('you')\n"
    )
    program.write("control.py", control)
    program.write("client.py", "from control import Control\n" + CLIENT + "Control(None).hello()\n")
    program.migrate()
    assert program.text("control.py") == control
    assert ".client(" in program.text("client.py")
