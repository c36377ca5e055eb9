"""The clients of a random program: calls of every kind, and what is done with how they end."""

from __future__ import annotations

import random

from tests.random_programs.ended_calls import HANGS, EndedCalls, ends_of
from tests.random_programs.interceptors import around_calls
from tests.random_programs.writing import BIDI, CLIENT, CONSTANTS, COUNTS, SERVER, UNARY, Lines, indented

CASES = 60
_METADATA = (
    "(('x-user', 'ann'),)",
    "METADATA",
    "[('x-user', text or 'none')]",
    "list({'x-user': 'kim'}.items())",
    "METADATA + (('x-more', 'm'),)",
    "[(key, value) for key, value in METADATA]",
    "(('x-deny', 'yes'),)",
    "None",
)
_ASK = "pb2.Ask(text=text, number=n)"
_ASKS = "[pb2.Ask(text=text, number=i) for i in range(n + 1)]"


class Clients(EndedCalls):
    """Writes `client.py`: each case is a function that appends what it sees to a list."""

    def __init__(self, rng: random.Random, *, aio: bool) -> None:
        super().__init__(rng, aio=aio)
        self._intercepted = self.chance(0.4)

    def module(self) -> str:
        """The text of the module."""
        lines = [
            *("import asyncio",) * self.aio,
            "import collections",
            "import functools",
            "import json",
            "import queue",
            "import sys",
            "import threading",
            "import time",
            "from concurrent import futures",
            "from unittest import mock",
            "",
            "import grpc",
            "from grpc import StatusCode",
            "",
            "import shop_pb2 as pb2",
            "import shop_pb2_grpc",
            "",
            *CONSTANTS,
            "METADATA = (('x-user', 'bob'), ('x-user', 'eve'))",
            "LONG = 30",
            "ADDRESS, NOTES = [], []",
            "",
            "",
            *(around_calls(self) if self._intercepted else ()),
            *self._shared(),
        ]
        for number in range(CASES):
            lines += ["", "", f"{self.def_} case_{number}(stub, n, text, out):", *indented(self._case())]
        return "\n".join([*lines, "", "", *self._main()]) + "\n"

    def _shared(self) -> Lines:
        return [
            "class Failed(Exception):",
            "    pass",
            "",
            "",
            "def describe(error):",
            "    return [error.code().name, error.details()]",
            "",
            "",
            "def retryable(error):",
            "    return error.code() in (grpc.StatusCode.UNAVAILABLE, StatusCode.ABORTED)",
            "",
            "",
            "def call(method, *arguments, **keywords):",
            "    return method(*arguments, **keywords)",
            "",
            "",
            f"{self.def_} tried(method, request):",
            "    try:",
            f"        return {self.wait}method(request, timeout=20), None",
            "    except grpc.RpcError as error:",
            "        return None, error",
            "",
            "",
            "def translated(function):",
            "    @functools.wraps(function)",
            f"    {self.def_} inner(*arguments):",
            "        try:",
            f"            return {self.wait}function(*arguments)",
            "        except grpc.RpcError as error:",
            "            if error.code() in TABLE.values():",
            "                raise Failed(error.code().name) from error",
            "            raise",
            "",
            "    return inner",
            "",
            "",
            *ends_of(self),
            "",
            "",
            "class Shop:",
            "    def __init__(self, stub):",
            "        self._stub = stub",
            "",
            f"    {self.def_} get(self, text, n=0, timeout=20):",
            f"        return ({self.wait}self._stub.Get3({_ASK}, timeout=timeout)).text",
            "",
            f"    {self.def_} safely(self, text, n=0):",
            "        try:",
            f"            return {self.wait}self.get(text, n)",
            "        except grpc.RpcError as error:",
            "            if error.code() != grpc.StatusCode.NOT_FOUND:",
            "                raise Failed(error.details()) from error",
            "            return None",
        ]

    def _case(self) -> Lines:
        ways = [self._unary, self._unary, self._unary, self._stream, self._stream, self._put, self._talk]
        ways += [self._aio_call, self._aio_talk] if self.aio else [self._with_call, self._future, self._threads]
        ways += [self._stopped, self._conversation, self._failing_requests, self._called_back, self._adding]
        ways += [self._bad_request, self._cancelled_future]
        ways += [self._object, self._again, self._later, self._own_channel, self._faked, self._deadline]
        body = self.pick(ways)()
        lines = ["try:", *indented(body), *self._except()]
        if self.chance(0.15):
            lines = [f"for n in {self.one(('(0, 1)', '(1, 2, 3)'))}:", *indented(lines)]
        if self.chance(0.1):
            lines += ["else:", "    out.append('fine')"] if not lines[0].startswith("for") else ["out.append('all')"]
        return lines

    def _method(self, kind: str) -> str:
        return self.one([name for number in range(COUNTS[kind]) if (name := f"{kind}{number}") != HANGS])

    def _arguments(self, request: str) -> str:
        parts = [request]
        if request.startswith("request="):
            parts.append("timeout=20")
        elif self.chance(0.1) and not self.aio:
            parts.append("20")
        elif self.chance(0.9):
            parts.append(
                self.one(("timeout=20",) * 4 + ("timeout=20.5", "timeout=n + 20", "timeout=LONG", "timeout=None"))
            )
        if self.chance(0.3):
            parts.append("metadata=" + self.one(_METADATA))
        if self.chance(0.05):
            parts.append("wait_for_ready=True")
        return ", ".join(parts)

    def _callee(self, kind: str) -> tuple[Lines, str]:
        """What is called, and the lines before it."""
        name = self._method(kind)
        roll = self.rng.random()
        if roll < 0.1:
            return [f"method = stub.{name}"], "method"
        if roll < 0.15:
            return [], f"getattr(stub, '{name}')"
        if roll < 0.2:
            return ["stubs = {'shop': stub}"], f"stubs['shop'].{name}"
        return [], f"stub.{name}"

    def _unary(self) -> Lines:
        lines, callee = self._callee(UNARY)
        arguments = self._arguments(_ASK)
        roll = self.rng.random()
        if roll < 0.1:
            return [*lines, f"out.append(({self.wait}call({callee}, {arguments})).text)"]
        if roll < 0.2:
            return [
                *lines,
                f"ready = functools.partial({callee}, timeout=20)",
                f"out.append(({self.wait}ready({_ASK})).text)",
            ]
        if roll < 0.5:
            return [*lines, f"out.append(({self.wait}{callee}({arguments})).text)"]
        arguments = self._arguments("request=request" if self.chance(0.1) else "request")
        return [
            *lines,
            f"request = {_ASK}",
            f"reply = {self.wait}{callee}({arguments})",
            "out.append([reply.text, reply.number])",
        ]

    def _stream(self) -> Lines:
        lines, callee = self._callee(SERVER)
        call = f"{callee}({self._arguments(_ASK)})"
        roll = self.rng.random()
        if roll < 0.3:
            seen = f"[reply.text {self.for_} reply in {call}]"
            return [*lines, f"out.append({seen})"]
        if roll < 0.45 and not self.aio:
            return [*lines, f"replies = list({call})", "out.append([reply.number for reply in replies])"]
        if roll < 0.6:
            after = f"out.append(({self.wait}replies.code()).name)"
            return [*lines, f"replies = {call}", f"{self.for_} reply in replies:", "    out.append(reply.text)", after]
        if roll < 0.7 and not self.aio:
            return [
                *lines,
                f"replies = {call}",
                "try:",
                "    while True:",
                "        out.append(next(replies).text)",
                "except StopIteration:",
                "    out.append('end')",
            ]
        return [*lines, f"{self.for_} reply in {call}:", "    out.append([reply.text, reply.number])"]

    def _requests(self) -> str:
        return self.one((f"iter({_ASKS})", f"({_ASK[:-1].replace('number=n', 'number=i')}) for i in range(n))"))

    def _put(self) -> Lines:
        lines, callee = self._callee(CLIENT)
        return [*lines, f"reply = {self.wait}{callee}({self._arguments(self._requests())})", "out.append(reply.text)"]

    def _talk(self) -> Lines:
        lines, callee = self._callee(BIDI)
        call = f"{callee}({self._arguments(self._requests())})"
        return [*lines, f"{self.for_} reply in {call}:", "    out.append(reply.text)"]

    def _with_call(self) -> Lines:
        lines, callee = self._callee(UNARY)
        asked = self.one(
            (
                "out.append(dict(call.trailing_metadata()).get('after'))",
                "out.append([call.code().name, call.details()])",
                "out.append([value for key, value in call.trailing_metadata() if key == 'after'])",
            )
        )
        return [
            *lines,
            f"reply, call = {callee}.with_call({self._arguments(_ASK)})",
            "out.append(reply.text)",
            asked,
        ]

    def _future(self) -> Lines:
        name = self._method(UNARY)
        ways = (
            ["out.append(future.result().text)"],
            ["error = future.exception()", "out.append(error.code().name if error else future.result().text)"],
            ["out.append(future.code().name)", "out.append(future.details())", "out.append(future.result(20).text)"],
            ["out.append(future.result(timeout=20).number)", "out.append([future.done(), future.cancelled()])"],
        )
        return [f"future = stub.{name}.future({self._arguments(_ASK)})", *self.rng.choice(ways)]

    def _threads(self) -> Lines:
        name = self._method(UNARY)
        return [
            "with futures.ThreadPoolExecutor(2) as pool:",
            f"    asked = [pool.submit(stub.{name}, {_ASK}), pool.submit(stub.Get0, {_ASK}, timeout=20)]",
            "    out.append([one.result().text for one in asked])",
        ]

    def _object(self) -> Lines:
        way = self.one(("get(text, n)", "get(text, n, timeout=15)", "safely(text, n)"))
        return ["shop = Shop(stub)", f"out.append({self.wait}shop.{way})"]

    def _again(self) -> Lines:
        """Tries again; keeps the last error for later."""
        name = self._method(UNARY)
        keep = self.one(("last = error", "last = error.code()", "errors.append(error)"))
        after = {
            "last = error": "out.append(last.details() if last else 'none')",
            "last = error.code()": "out.append(str(last))",
            "errors.append(error)": "out.append([one.code().name for one in errors])",
        }[keep]
        return [
            "last, errors = None, []",
            "for attempt in range(3):",
            "    try:",
            f"        out.append(({self.wait}stub.{name}({self._arguments(_ASK)})).text)",
            "        break",
            "    except grpc.RpcError as error:",
            f"        if error.code() {self.one(('==', '!='))} {self.member()}:",
            "            raise",
            f"        {keep}",
            after,
        ]

    def _later(self) -> Lines:
        """What failed goes through a helper, or a decorator."""
        name = self._method(UNARY)
        way = self.one(("tried", "decorated"))
        call = f"stub.{name}({self._arguments(_ASK)})"
        if way == "tried":
            return [
                f"reply, error = {self.wait}tried(stub.{name}, {_ASK})",
                "out.append(describe(error) if error else reply.text)",
            ]
        return [
            "@translated",
            f"{self.def_} ask():",
            f"    return {self.wait}{call}",
            "",
            f"out.append(({self.wait}ask()).text)",
        ]

    def _own_channel(self) -> Lines:
        module, name = "grpc.aio" if self.aio else "grpc", self._method(UNARY)
        made = f"{module}.insecure_channel(ADDRESS[0])"
        call = f"{self.wait}shop_pb2_grpc.ShopStub(channel).{name}({self._arguments(_ASK)})"
        if self.chance(0.5):
            with_ = "async with" if self.aio else "with"
            return [f"{with_} {made} as channel:", f"    out.append(({call}).text)"]
        lines = [
            f"channel = {made}",
            "try:",
            f"    out.append(({call}).text)",
            "finally:",
            f"    {self.wait}channel.close()",
        ]
        if not self.aio and self.chance(0.4):
            lines += ["try:", f"    {call}", "except ValueError as error:", "    out.append(str(error))"]
        return lines

    def _faked(self) -> Lines:
        fake = "mock.AsyncMock" if self.aio else "mock.Mock"
        way = self.rng.choice(
            (
                ["fake.Get3.return_value = pb2.Answer(text='fake')"],
                ["fake.Get3.side_effect = [pb2.Answer(text='first')]"],
                ["fake.Get3.side_effect = ValueError('no')"],
                ["fake.Get3.return_value.text = 'any'"],
            )
        )
        called = ["out.append(fake.Get3.call_count)", "out.append(fake.Get3.call_args.kwargs)"]
        return [f"fake = {fake}()", *way, f"out.append({self.wait}Shop(fake).get(text, n))", self.one(called)]

    def _deadline(self) -> Lines:
        if self.chance(0.7):
            return self._unary()
        return [f"out.append(({self.wait}stub.Get0(pb2.Ask(text='slow'), timeout=0.3)).text)"]

    def _aio_call(self) -> Lines:
        name = self._method(UNARY)
        ways = (
            ["reply = await call", "out.append([reply.text, (await call.code()).name])"],
            [
                "out.append((await call.code()).name)",
                "out.append(await call.details())",
                "out.append((await call).text)",
            ],
            ["reply = await asyncio.wait_for(call, 20)", "out.append(reply.text)"],
            ["out.append([reply.text for reply in await asyncio.gather(call)])"],
            [
                "found = await asyncio.gather(call, return_exceptions=True)",
                "out.append(isinstance(found[0], grpc.RpcError))",
            ],
            ["await call", "out.append(dict(await call.trailing_metadata()).get('after'))"],
        )
        return [f"call = stub.{name}({self._arguments(_ASK)})", *self.rng.choice(ways)]

    def _aio_talk(self) -> Lines:
        name = self._method(BIDI)
        return [
            f"call = stub.{name}(timeout=20)",
            "for i in range(n):",
            "    await call.write(pb2.Ask(text=text, number=i))",
            "await call.done_writing()",
            *self.rng.choice(
                (
                    ["async for reply in call:", "    out.append(reply.text)"],
                    ["while (reply := await call.read()) is not grpc.aio.EOF:", "    out.append(reply.text)"],
                )
            ),
        ]

    # What is done with a failure

    def _except(self) -> Lines:
        caught = self.one(("grpc.RpcError",) * 6 + ("Exception", "(grpc.RpcError, ValueError)", "aio"))
        if caught == "aio":
            caught = "grpc.aio.AioRpcError" if self.aio else "grpc.RpcError"
        name = self.one(("error", "error", "e"))
        ways = [
            [f"out.append([{name}.code().name, {name}.details()])"],
            [f"out.append([str({name}.code()), {name}.details()])"],
            [f"out.append(describe({name}))"],
            [f"out.append([retryable({name}), {name}.details()])"],
            [
                f"if {name}.code() == {self.member()}:",
                "    out.append('one')",
                f"elif {name}.code() in ({self.member()}, {self.member()}):",
                "    out.append('two')",
                "else:",
                f"    out.append({name}.details())",
            ],
            [f"code = {name}.code()", "out.append(code.value[0])", f"out.append({name}.details() or 'none')"],
            [
                f"match {name}.code():",
                f"    case {self.member().replace('StatusCode.', 'grpc.StatusCode.').replace('grpc.grpc', 'grpc')}:",
                "        out.append('matched')",
                "    case other:",
                "        out.append(other.name)",
            ],
            [f"out.append(dict({name}.trailing_metadata() or ()).get('after'))", f"out.append({name}.code().name)"],
            [f"out.append(f'{{{name}.code()}}: {{{name}.details()}}')"],
            [f"out.append({name}.code() is {self.member()})"],
            [f"out.append({{{self.member()}: 404, {self.member()}: 503}}.get({name}.code(), 500))"],
            [f"out.append([GONE == {name}.code(), {name}.code() in LIST, {name}.code() in TABLE.values()])"],
        ]
        if caught in ("Exception", "(grpc.RpcError, ValueError)"):
            ways = [
                [f"out.append(isinstance({name}, grpc.RpcError))"],
                [f"out.append({name}.code().name if isinstance({name}, grpc.RpcError) else 'other')"],
                [f"out.append(describe({name}) if hasattr({name}, 'code') else repr({name}))"],
            ]
        if self.chance(0.08):
            return [f"except {caught}:", "    out.append('failed')"]
        if self.chance(0.08):
            raising = [f"    raise Failed({name}.details()) from {name}"] if caught != "Exception" else ["    raise"]
            return (
                [f"except {caught} as {name}:", *raising]
                if "ValueError" not in caught
                else ["except OSError:", "    pass"]
            )
        return [f"except {caught} as {name}:", *indented(self.rng.choice(ways))]

    def _main(self) -> Lines:
        module = "grpc.aio" if self.aio else "grpc"
        with_ = "async with" if self.aio else "with"
        given = ", interceptors=[Tell()]" if self._intercepted and self.aio else ""
        return [
            f"{self.def_} main(port):",
            "    ADDRESS.append(f'127.0.0.1:{port}')",
            f"    {with_} {module}.insecure_channel(f'127.0.0.1:{{port}}'{given}) as channel:",
            *("        channel = grpc.intercept_channel(channel, Tell())",) * (self._intercepted and not self.aio),
            "        stub = shop_pb2_grpc.ShopStub(channel)",
            *indented(indented(self._rounds())),
            "",
            "",
            'if __name__ == "__main__":',
            "    asyncio.run(main(sys.argv[1]))" if self.aio else "    main(sys.argv[1])",
        ]

    def _rounds(self) -> Lines:
        return [
            f"for name, case in enumerate([{', '.join(f'case_{number}' for number in range(CASES))}]):",
            "    for n, text in ((0, ''), (1, 'a'), (2, 'b'), (3, 'ab')):",
            "        out = []",
            "        try:",
            f"            {self.wait}case(stub, n, text, out)",
            "        except Exception as error:",
            "            failed = isinstance(error, grpc.RpcError)",
            "            out.append(['raised', describe(error) if failed else repr(error)])",
            f"        told = {self.wait}stub.Get0(pb2.Ask(text='trace'))",
            "        notes, NOTES[:] = [*NOTES], []",
            "        print(json.dumps([name, n, out, told.text, notes]), flush=True)",
        ]
