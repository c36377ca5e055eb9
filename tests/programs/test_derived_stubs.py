"""Classes that derive from a stub's class, beside stubs, and what takes either."""

from __future__ import annotations

from grpc2connect.results import State
from tests.programs.conftest import Program, check_stays

HEAD = "import grpc\n\nimport greeting_pb2_grpc as rpc\n\n\n"
CLASS = (
    "class Greeting(rpc.GreeterStub):\n    def greet(self, name):\n        return self.SayHello(name, timeout=3)\n\n\n"
)
BASE = "StubOf[greeting_connect.GreeterClientSync]"
EITHER = "StubOf[greeting_connect.GreeterClientSync | greeting_connect.GreeterClient]"
CHANNEL = "channel = grpc.insecure_channel('a:1')\n"


def moved(program: Program, text: str, name: str = "app.py", head: str = HEAD) -> str:
    """What becomes of a module, once and for all."""
    program.write(name, head + text)
    result = program.migrate()
    left = [(entry.place, entry.text, entry.why) for entry in result.ledger if entry.state is State.LEFT]
    assert left == []
    assert program.run().changes == ()
    return program.text(name)


def test_a_class_without_an_init(program: Program) -> None:
    found = moved(program, f"{CLASS}{CHANNEL}print(Greeting(channel).greet('a'))\n")
    assert (
        f"class Greeting({BASE}):\n    def greet(self, name):\n        return self.SayHello(name, timeout=3)\n" in found
    )
    assert "channel = insecure_channel('a:1')\nprint(Greeting(channel).greet('a'))\n" in found


def test_what_is_there_for_type_checkers_only(program: Program) -> None:
    init = "    if TYPE_CHECKING:\n        def __init__(self, channel: grpc.aio.Channel) -> None: ...\n"
    made = "channel = grpc.aio.insecure_channel('a:1')\ngreeting = Greeting(channel)\n"
    found = moved(program, f"from typing import TYPE_CHECKING\n\n\nclass Greeting(rpc.GreeterStub):\n{init}\n\n{made}")
    assert "class Greeting(StubOf[greeting_connect.GreeterClient]):" in found
    assert "channel = aio_insecure_channel('a:1')\n" in found


def test_type_arguments_go(program: Program) -> None:
    """As stubs of mypy-protobuf have them."""
    text = CLASS.replace("rpc.GreeterStub", 'rpc.GreeterStub["grpc.Channel"]')
    assert f"class Greeting({BASE}):" in moved(program, f"{text}{CHANNEL}Greeting(channel)\n")


def test_channels_of_both_colours(program: Program) -> None:
    made = (
        "class Client(Greeting):\n    def __init__(self, address, aio):\n"
        "        make = grpc.aio.insecure_channel if aio else grpc.insecure_channel\n"
        "        super().__init__(make(address))\n\n\nClient('a:1', True).greet('a')\n"
    )
    assert f"class Greeting({EITHER}):" in moved(program, CLASS + made)


def test_a_channel_of_callers(program: Program) -> None:
    assert f"class Greeting({EITHER}):" in moved(program, CLASS)


def test_a_mixin_calls_rpcs_of_the_class_that_it_is_for(program: Program) -> None:
    mixin = "class Loud:\n    def aloud(self, name):\n        return self.SayHello(name).message.upper()\n\n\n"
    text = f"{mixin}class Greeting(Loud, rpc.GreeterStub):\n    pass\n\n\n{CHANNEL}Greeting(channel).aloud('a')\n"
    found = moved(program, text)
    assert mixin in found and f"class Greeting(Loud, {BASE}):" in found


def test_what_takes_a_stub_may_be_given_either(program: Program) -> None:
    takes = "def ask(stub):\n    return stub.SayHello('a')\n\n\n"
    found = moved(program, f"{CLASS}{takes}{CHANNEL}ask(Greeting(channel))\nask(rpc.GreeterStub(channel))\n")
    assert takes in found
    assert "ask(by_rpc_names(channel.client(greeting_connect.GreeterClientSync)))" in found


def test_what_is_declared_to_be_a_stub_may_be_of_the_class(program: Program) -> None:
    """No inference follows what comes out of a queue."""
    takes = "def ask(stub: rpc.GreeterStub):\n    return stub.SayHello('a')\n\n\n"
    found = moved(program, f"{CLASS}{takes}{CHANNEL}queue.put(Greeting(channel))\nask(queue.get())\n")
    assert "def ask(stub: greeting_connect.GreeterClientSync):\n    return by_rpc_names(stub).SayHello('a')\n" in found


def test_where_a_stub_may_be_made_without_names_the_call_finds_out(program: Program) -> None:
    elsewhere = "rpc.Greeter.SayHello(None, 'a:1', insecure=True)\n"
    takes = "def ask(stub):\n    return stub.SayHello('a')\n\n\n"
    given = "ask(Greeting(channel))\nask(rpc.GreeterStub(channel))\n"
    found = moved(program, f"{CLASS}{takes}{CHANNEL}{elsewhere}{given}")
    assert 'return stub_method(stub, "SayHello", "say_hello", unary_unary)(\'a\')' in found
    assert "self.SayHello(name, timeout=3)" in found


def test_a_service_in_another_part_of_the_program_is_native(program: Program) -> None:
    program.write("other/greeting_pb2.py", program.text("greeting_pb2.py"))
    program.write("other/greeting_pb2_grpc.py", program.text("greeting_pb2_grpc.py"))
    program.write("other/app.py", f"{HEAD}{CHANNEL}stub = rpc.GreeterStub(channel)\nprint(stub.SayHello('a'))\n")
    moved(program, CLASS)
    assert "print(stub.say_hello('a'))" in program.text("other/app.py")


def test_what_asks_for_the_class_takes_both(program: Program) -> None:
    asks = "def known(stub):\n    return isinstance(stub, (str, rpc.GreeterStub))\n\n\n"
    found = moved(program, f"{CLASS}{asks}{CHANNEL}print(known(Greeting(channel)))\n")
    assert "isinstance(stub, (str, stub_types(greeting_connect.GreeterClientSync)))" in found


def test_the_class_as_it_comes_to_a_place(program: Program) -> None:
    """It is called with a channel of the runtime, as any class is."""
    made = "def make(cls, channel):\n    return cls(channel)\n\n\n"
    uses = "make(Greeting, channel).greet('a')\ntype(Greeting(channel))(channel).SayHello('b')\n"
    found = moved(program, f"{CLASS}{made}{CHANNEL}{uses}")
    assert made in found and found.endswith(uses)


def test_a_class_that_is_made_by_a_call_stays(program: Program) -> None:
    made = "Greeting = type('Greeting', (rpc.GreeterStub,), {})\nGreeting(channel).SayHello('a')\n"
    check_stays(program, {"app.py": f"{HEAD}{CHANNEL}{made}"}, "G2C803")


def test_a_later_run_knows_that_it_has_names(program: Program) -> None:
    """A fake that comes later meets objects of the class, and stubs that have the names."""
    made = f"{CHANNEL}greeting = Greeting(channel)\nstub = rpc.GreeterStub(channel)\nstub.SayHello('a')\n"
    assert "\nstub.SayHello('a')\n" in moved(program, CLASS + made)
    fake = "class Fake:\n    def SayHello(self, request):\n        return request\n\n\n"
    text = f"{fake}def ask(stub):\n    return stub.SayHello(None)\n\n\nask(Fake())\nask(app.stub)\n"
    made = f"{CHANNEL}ask(rpc.GreeterStub(channel))\n"
    found = moved(program, text + made, "later.py", HEAD.replace("\n\n\n", "\nimport app\n\n\n"))
    assert "    return stub.SayHello(None)\n" in found
    assert "ask(by_rpc_names(channel.client(greeting_connect.GreeterClientSync)))" in found


def test_a_base_that_only_a_name_leads_to_stays(program: Program) -> None:
    text = f"{HEAD}BASE = rpc.GreeterStub\n\n\nclass Greeting(BASE):\n    pass\n\n\n{CHANNEL}Greeting(channel)\n"
    check_stays(program, {"app.py": text}, "G2C803")


def test_a_base_that_comes_as_an_argument_stays(program: Program) -> None:
    make = "def make(base):\n    class Greeting(base):\n        pass\n\n    return Greeting\n\n\n"
    result = check_stays(program, {"app.py": f"{HEAD}{make}make(rpc.GreeterStub)\n"}, "G2C803")
    assert any("a class that derives from it" in finding.message for finding in result.findings)


def test_a_public_class_stays_for_those_who_call_it(program: Program) -> None:
    program.write("lib/__init__.py", "")
    program.write("lib/api.py", HEAD + CLASS)
    result = program.run(public=("lib.api",))
    changed = [change.path.name for change in result.changes]
    assert "api.py" not in changed
    said = "public class `Greeting` derives from GreeterStub"
    assert any(said in finding.message for finding in result.findings), result.findings
