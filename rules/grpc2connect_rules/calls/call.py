"""G2C501, G2C502, G2C503: a call of a stub's method becomes a call of the client's method.

    - reply = stub.SayHello(request, timeout=5, metadata=[("k", "v")])
    + reply = stub.say_hello(request, timeout_ms=5000, headers=headers([("k", "v")]))

Why: names follow the generated client; seconds become whole milliseconds. In a program with interceptors of clients,
which may show the seconds of a call, a float that is whole is converted when the program runs: they see 5.0, not 5.

    - reply = stub.SayHello(request, timeout=5.0)
    + reply = stub.say_hello(request, timeout_ms=timeout_ms(5.0))

Bridged: everything that needs a gRPC call object (`with_call`, `future`, an aio call that is not awaited at once, a
stream that is not iterated at once, `wait_for_ready`, credentials of the call, the method as a value): the runtime
gives the client's method the gRPC call signature.

    - reply, call = stub.SayHello.with_call(request)
    + reply, call = unary_unary(stub.say_hello).with_call(request)

Bridged too: a call that can also be one of a fake, an object of the program's own with the stub's methods; one that is
spelled like an RPC, on an object of which nothing is known (G2C503); one that can reach what a test has put in a stub's
place, and all calls of a service whose stub class, or what makes its channels, a test replaces (G2C504). A mock goes on
being called by the name of the RPC, with gRPC's arguments, so that what the test expects of it holds. Such calls stay
as they are written, in the program and in its tests: where they are made, the service's stubs get the names of their
RPCs.

    - self.stub = helloworld_pb2_grpc.GreeterStub(channel)
    + self.stub = by_rpc_names(channel.client(helloworld_connect.GreeterClientSync))
      ...
      reply = self.stub.SayHello(request, timeout=5)

Where the type of the object is written, a type checker looks for the name in the client's class, which has none.

    - reply = stub.SayHello(request)
    + reply = by_rpc_names(stub).SayHello(request)

So it is where something may be an object of a class that derives from the stub's (G2C803); one that surely is has the
names of the RPCs, and is called as it was.

Where a stub may be made without the names (where its class goes as a value to what is not followed), the runtime asks
the object when it runs: a client has the RPC, anything else its own attribute.

    - reply = self.stub.SayHello(request)
    + reply = stub_method(self.stub, "SayHello", "say_hello", unary_unary)(request)

Where some services of the program stay on gRPC, the code of a call that counts for more than being equal to another one
is one of gRPC's own:

    - return WORDS[call.code()]
    + return WORDS[code_in(StatusCode, call.code())]

Where callers of a library see the service's clients (`public` in the settings), a call is Connect's if its stub is
surely one that the library has made (G2C403). Any other, and what needs a call object, stays as it is: the stub is
gRPC's as well.

Credentials of a call may be grpcio's own, which code elsewhere has made: the runtime asks their plugin.

Left: a call that can also be one of a servicer; what grpcio's calls have for themselves (`call._state`). Where the
service's stubs do not have the names: a method that is deleted; on an object of which nothing is known, what is not
called at once and is not told to be a mock by what is asked of it, or can be RPCs of different kinds.

Source: grpc.UnaryUnaryMultiCallable and its kin (grpcio 1.85); generated clients (protoc-gen-connectrpc 0.13).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import GRPC_STATUS_CODE, Bridged, Left, Native, Outcome, api, edits, kinds, rule, runtime
from grpc2connect.rules_api.edits import Edit, Piece
from grpc2connect.rules_api.references import CallUse, RpcUse, UnknownRpc

_BY_NAME = (runtime("by_rpc_names"), "(")
_BY_MOCKS = "what tests put in a stub's place is called by the RPC's name, with gRPC's arguments"
_BY_FAKES = "what is called can also be an object of the program's own"
_BY_DERIVED = "objects of a class that derives from a stub's class have the names of the RPCs, and no others"
_SIMPLE = frozenset({"timeout", "metadata", "request", "request_iterator"})
_LONGEST_MS = 9_999_999_999
"""What the Connect protocol carries; a longer time, of which `timeout_ms` makes none, is refused by its servers."""


@rule("G2C501", on=RpcUse)
def call(use: RpcUse) -> Iterator[Outcome]:
    """A call of a stub's method becomes a call of the client's method."""
    module, node = use.module, use.node
    if use.facts.shown.keeps(use):
        yield from _for_callers(use)
        return
    if use.other == "derived":
        yield Bridged(why=_BY_DERIVED)
        return
    named = use.facts.named_stubs.have_names(use.units)
    stands_in = use.mock or use.other == "fake"
    if named and (use.method.python_name == node.attr or isinstance(node.ctx, ast.Del)):
        stands_in = True  # the client's method gave way to the RPC's
    if use.mock or (named and stands_in and use.other != "servicer"):
        written = use.facts.named_stubs.keeps(use, node.value)
        changes = [] if written else edits.wrap(module, node.value, _BY_NAME, ")")
        yield Bridged(changes, why=_BY_MOCKS if use.mock else _BY_FAKES)
        return
    if isinstance(node.ctx, ast.Store | ast.Del):
        yield Left("a stub's method is deleted here", advice="delete the client's method by hand")
        return
    if use.other == "servicer":
        yield Left("a servicer is called here as well as a stub", advice="call the two in different places")
        return
    if use.other or stands_in:
        pieces = (f', "{node.attr}", "{use.method.python_name}", ', runtime(use.method.kind.name.lower()), ")")
        yield Bridged(
            edits.replace(module, node, runtime("stub_method"), "(", node.value, *pieces),
            why=_BY_FAKES,
        )
        return
    rename = (
        [] if use.method.python_name == node.attr else [edits.rename_attribute(module, node, use.method.python_name)]
    )
    if use.call is not None and not use.variant and use.facts.used_plainly(use):
        arguments = _arguments(use, use.call)
        if arguments is not None:
            yield Native([*rename, *arguments])
    kind = runtime(use.method.kind.name.lower())
    start, end = edits.wrap(module, node, (kind, "("), ")")
    yield Bridged([start, *rename, end], why="it needs a gRPC call object")


def _for_callers(use: RpcUse) -> Iterator[Outcome]:
    """A call whose stub, or whose errors, callers of a library see."""
    if use.call is not None and not (use.mock or use.other or use.variant) and _is_public_stub(use):
        arguments = _arguments(use, use.call)
        if arguments is not None and use.facts.used_plainly(use):
            yield Native([edits.rename_attribute(use.module, use.node, use.method.python_name), *arguments])
    yield Bridged(why="the stub that callers of the public API may see has gRPC's methods as well")


def _is_public_stub(use: RpcUse) -> bool:
    """Whether what is called is surely a stub that is a Connect client as well, and has another name for the RPC."""
    value, shown = use.node.value, use.facts.shown
    if isinstance(value, ast.Attribute) and value.attr in shown.attributes:
        return False
    values = {one for one in use.facts.values(value) if not (isinstance(one, kinds.Stub) and one.site is None)}
    if len(values) < len(use.facts.values(value)) and getattr(value, "attr", "") not in shown.only:
        return False
    made = all(isinstance(one, kinds.Stub) and one.site in shown.stubs for one in values)
    return bool(values) and made and use.method.python_name != use.node.attr


def _arguments(use: RpcUse, node: ast.Call) -> list[Edit] | None:
    """The edits for a call's arguments; None if one of them has no form in a Connect call."""
    given = use.facts.arguments(node)
    if "*" in given or "**" in given or not set(given) <= {0, 1, 2, *_SIMPLE}:
        return None
    found: list[Edit] = []
    module = use.module
    for position, old, new in ((1, "timeout", "timeout_ms"), (2, "metadata", "headers")):
        value = given.get(position, given.get(old))
        if value is None:
            continue
        keyword = module.parents[value]
        if isinstance(keyword, ast.keyword):
            found.append(edits.rename_keyword(module, keyword, new))
            found.extend(_converted(use, value, new, ()))
        else:
            found.extend(_converted(use, value, new, (f"{new}=",)))
    request = given.get("request_iterator")
    if request is not None:
        keyword = module.parents[request]
        assert isinstance(keyword, ast.keyword)
        found.append(edits.rename_keyword(module, keyword, "request"))
    return found


def _converted(use: RpcUse, value: ast.expr, name: str, before: tuple[Piece, ...]) -> list[Edit]:
    module = use.module
    if isinstance(value, ast.Constant) and value.value is None:
        return [edits.insert_before(module, value, *before)] if before else []
    if name == "timeout_ms" and isinstance(value, ast.Constant) and isinstance(value.value, int | float):
        milliseconds = value.value * 1000
        shown = isinstance(value.value, float) and value.value.is_integer() and use.facts.watches_calls(module)
        if not shown and 0 < milliseconds <= _LONGEST_MS and milliseconds == int(milliseconds):
            return [edits.replace(module, value, *before, str(int(milliseconds)))]
    return edits.wrap(module, value, (*before, runtime(name), "("), ")")


@rule("G2C502", on=CallUse)
def call_object(use: CallUse) -> Iterator[Outcome]:
    """A call object is the runtime's, with the same methods."""
    call = use.module.parents[use.node]
    if use.name in api.CALL_PRIVATE:
        yield Left(f"'{use.name}' is a private part of grpcio's calls", advice="ask the call's methods")
        return
    if use.name == "code" and isinstance(call, ast.Call) and not _only_equals(use, call):
        yield Bridged(why="a method of the runtime's call object", mixed=False)
        changes = edits.wrap(use.module, call, (runtime("code_in"), "(", GRPC_STATUS_CODE, ", "), ")")
        yield Bridged(changes, why="its code must be one of those that services on gRPC have")
        return
    yield Bridged(why="a method of the runtime's call object")


def _only_equals(use: CallUse, call: ast.Call) -> bool:
    """Whether a code is compared as it comes, or asked for its name or number, so that any equal one will do."""
    above = use.module.parents[call]
    above = use.module.parents[above] if isinstance(above, ast.Await) else above
    if isinstance(above, ast.Attribute):
        return above.attr in ("name", "value")
    if isinstance(above, ast.Compare):
        equal = all(isinstance(one, ast.Eq | ast.NotEq) for one in above.ops)
        return equal or (len(above.ops) == 1 and any(_is_member(use, one) for one in (above.left, *above.comparators)))
    if not isinstance(above, ast.Call) or not isinstance(above.func, ast.Attribute):
        return False
    if above.func.attr in ("assertIs", "assertIsNot"):
        return any(_is_member(use, one) for one in above.args)
    return above.func.attr in ("assertEqual", "assertNotEqual")


def _is_member(use: CallUse, node: ast.expr) -> bool:
    """Whether this is a code spelled out, beside which `is` becomes `==` (G2C603)."""
    if not isinstance(node, ast.Attribute):
        return False
    owners = use.facts.values(node.value)
    return any(isinstance(one, kinds.Api) and one.path == api.STATUS_CODE for one in owners)


@rule("G2C503", on=UnknownRpc)
def unknown(use: UnknownRpc) -> Iterator[Outcome]:
    """An attribute spelled like an RPC, on an object of which nothing is known, is asked for when it runs."""
    if use.mock:
        yield Bridged(why=_BY_MOCKS)
        return
    module, node = use.module, use.node
    if use.facts.named_stubs.keeps(use, node.value):
        yield Bridged(why="what object this is called on shows only when it runs")
        return
    found = {(method.python_name, method.kind.name.lower()) for method in use.methods}
    if use.called and len(found) == 1:
        python_name, kind = found.pop()
        pieces = (f', "{node.attr}", "{python_name}", ', runtime(kind), ")")
        yield Bridged(
            edits.replace(module, node, runtime("stub_method"), "(", node.value, *pieces),
            why="what object this is called on shows only when it runs",
        )
        return
    yield Left(
        f"'{use.name}' is spelled like an RPC, but it is not known what object it is called on",
        advice="annotate the object (for example with the stub's class), then run again",
    )
