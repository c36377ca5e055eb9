"""The server of a random program: handlers of all kinds, helpers, decorators, an interceptor."""

from __future__ import annotations

import random

from tests.random_programs.ended_calls import ADDS, ECHOES, HANGS, fixed_handlers
from tests.random_programs.interceptors import around_handlers
from tests.random_programs.writing import BIDI, CLIENT, CONSTANTS, COUNTS, SERVER, UNARY, Lines, Way, Writer, indented

_REPLY = "return pb2.Answer(text=text, number=n)"


class Handlers(Writer):
    """Writes `server.py`."""

    def __init__(self, rng: random.Random, *, aio: bool) -> None:
        super().__init__(rng, aio=aio)
        self._kind, self._name = UNARY, ""
        self._helper = False
        self._method = True
        self._depth = 0
        self._methods: Lines = []
        self._functions: Lines = []
        self._number = 0
        self._around = self.chance(0.3)

    def module(self) -> str:
        """The text of the module."""
        servicer = self._servicer()
        around = around_handlers(self)
        lines = [
            *("import asyncio",) * self.aio,
            "import collections",
            "import contextlib",
            "import functools",
            *("import time",) * (not self.aio),
            "from concurrent import futures",
            "",
            "import grpc",
            "from grpc import StatusCode",
            "",
            "import shop_pb2 as pb2",
            "import shop_pb2_grpc",
            "",
            *CONSTANTS,
            "TRACE, ENDS = [], []",
            "",
            "",
            *self._decorators(),
            *self._interceptor(),
            *(around if self._around else ()),
            *self._functions,
            *servicer,
            "",
            "",
            *self._main(),
        ]
        return "\n".join(lines) + "\n"

    def _servicer(self) -> Lines:
        body: Lines = ["def __init__(self):", "    self.downstream = None", "    self.seen = 0", ""]
        body += self._fixed()
        for kind, count in COUNTS.items():
            names = [f"{kind}{number}" for number in range(2 if kind == UNARY else 0, count)]
            for name in names:
                if name not in (HANGS, ADDS, ECHOES):
                    body += ["", *self._handler(kind, name)]
        return ["class Shop(shop_pb2_grpc.ShopServicer):", *indented([*body, *self._methods])]

    def _fixed(self) -> Lines:
        """Two handlers that others call: one tells what has been noted, one fails."""
        return [
            f"{self.def_} Get0(self, request, context):",
            '    if request.text == "trace":',
            '        told, TRACE[:] = "|".join(TRACE), []',
            "        return pb2.Answer(text=told)",
            '    if request.text == "ends":',
            '        told, ENDS[:] = "|".join(ENDS), []',
            "        return pb2.Answer(text=told)",
            '    if request.text == "slow":',
            f"        {self.wait}{'asyncio' if self.aio else 'time'}.sleep(0.8)",
            '    return pb2.Answer(text="0:" + request.text)',
            "",
            f"{self.def_} Get1(self, request, context):",
            '    context.set_trailing_metadata((("inner", "yes"),))',
            f'    {self.wait}context.abort(grpc.StatusCode.NOT_FOUND, "inner " + request.text)',
            "",
            *fixed_handlers(self),
        ]

    def _handler(self, kind: str, name: str) -> Lines:
        self._kind, self._helper, self._name = kind, False, name
        streams_in = kind in (CLIENT, BIDI)
        request = "request_iterator" if streams_in else "request"
        lines = []
        if kind == UNARY and self.chance(0.2):
            lines.append(self.one(("@logged", "@guarded")))
        lines.append(f"{self.def_} {name}(self, {request}, context):")
        body = self._requests(kind) if streams_in else ["n, text = request.number, request.text"]
        if kind in (SERVER, BIDI):
            body += self._stream_body(name)
        else:
            body += [*self._block(3), _REPLY]
        return [*lines, *indented(body)]

    def _requests(self, kind: str) -> Lines:
        loop = [
            "n, text = 0, ''",
            f"{self.for_} ask in request_iterator:",
            "    n += ask.number",
            "    text += ask.text",
        ]
        if self.aio:
            others = [["asks = [ask async for ask in request_iterator]"]]
        else:
            others = [
                ["asks = list(request_iterator)"],
                ["first = next(request_iterator, None)", "asks = [first, *request_iterator] if first else []"],
                ["asks = [ask for ask in request_iterator]"],
            ]
        total = ["n, text = sum(ask.number for ask in asks), ''.join(ask.text for ask in asks)"]
        if kind == BIDI and self.chance(0.4):
            echo = ["n, text = 0, ''", f"{self.for_} ask in request_iterator:"]
            return [*echo, "    n, text = ask.number, ask.text", "    yield pb2.Answer(text='echo ' + ask.text)"]
        return loop if self.chance(0.5) else [*self.rng.choice(others), *total]

    def _stream_body(self, name: str) -> Lines:
        if not self.aio and self._kind == SERVER and self.chance(0.15):
            body = ["n, text = request.number, request.text", *self._block(2), "yield pb2.Answer()"]
            self._methods += ["", f"def _items_{name}(self, request, context):", *indented(body)]
            return [f"return self._items_{name}(request, context)"]
        return [*self._block(3), "yield pb2.Answer(text=text, number=n)", *self._block(2)]

    # Statements

    def _block(self, depth: int) -> Lines:
        lines: Lines = []
        for _ in range(self.rng.choice((1, 1, 2, 3))):
            lines += self._statement(depth)
        return lines

    def _statement(self, depth: int) -> Lines:
        simple: list[Way] = [self._note, self._note, self._metadata, self._status, self._asked]
        ending = [self._abort, self._abort, self._abort, self._raise, self._set_and_leave, self._sibling]
        nested = [self._if, self._if, self._if, self._try, self._try, self._with, self._downstream, self._help]
        nested += [self._match, self._loop, self._function, self._guard]
        if not self._helper and self._kind in (SERVER, BIDI):
            simple += [self._yield, self._yield, self._yield]
        if depth <= 0:
            return self.pick(simple)()
        roll = self.rng.random()
        if roll < 0.45:
            self._depth = depth - 1
            return self.pick(nested)()
        if roll < 0.75 or depth == 3:
            return self.pick(simple)()
        return self.pick(ending)()

    def _note(self) -> Lines:
        self._number += 1
        return [self.one((f"TRACE.append('{self._number}')", f"text += '{self._number}'"))]

    def _yield(self) -> Lines:
        return self.rng.choice(
            (
                ["yield pb2.Answer(text=text)"],
                ["for i in range(n):", "    yield pb2.Answer(number=i)"],
                ["text += '.'", "yield pb2.Answer(text=text, number=n)"],
            )
        )

    def _metadata(self) -> Lines:
        return self.rng.choice(
            (
                ["metadata = dict(context.invocation_metadata())", 'text += metadata.get("x-user", "-")'],
                [
                    "for key, value in context.invocation_metadata():",
                    '    if key == "x-user":',
                    "        text += value",
                ],
                ['text += str([value for key, value in context.invocation_metadata() if key == "x-user"])'],
                ['context.set_trailing_metadata((("after", text or "none"),))'],
                ['context.set_trailing_metadata([("after", "1"), ("later-bin", b"\\x00\\xff")])'],
                ["given = dict(context.invocation_metadata())", 'text += "u" if "x-user" in given else "n"'],
            )
        )

    def _status(self) -> Lines:
        return self.rng.choice(
            (
                [f"context.set_code({self.code()})"],
                [f"context.set_details({self.text()})"],
                [f"context.set_code({self.code()})", f"context.set_details({self.text()})"],
            )
        )

    def _asked(self) -> Lines:
        return self.rng.choice(
            (
                ["text += 'd' if (context.time_remaining() or 0) > 100 else 's'"],
                ["text += str(context.peer().startswith(('ipv4', 'ipv6')))"],
                ["self.seen = n" if self._method else "TRACE.append(text)"],
                ["text += str(context.code() is None)"],
                ["text += str(context.details())"],
                ["text += str(len(context.trailing_metadata() or ()))"],
                ["text += str(context.peer_identities() is None)"],
                [f"{self.wait}context.send_initial_metadata((('first', text or 'none'),))"],
                ["text += str(bool(context.cancelled()))" if self.aio else "text += str(bool(context.is_active()))"],
            )
        )

    def _abort(self) -> Lines:
        abort = f"{self.wait}context.abort({self.code()}, {self.text()})"
        return self.rng.choice(
            (
                [abort],
                [abort],
                [abort, "raise AssertionError('not reached')"],
                [f"{self.wait}context.abort_with_status(Status({self.code()}, {self.text()}, (('after', 'status'),)))"],
                ["ctx = context", f"{self.wait}ctx.abort({self.code()}, {self.text()})"],
                ["fail = context.abort", f"{self.wait}fail({self.code()}, {self.text()})"],
                [f"{self.wait}context.abort(code={self.code()}, details={self.text()})"],
                [
                    f"{self.wait}context.abort(",
                    f"    {self.code()},  # what clients look for",
                    f"    {self.text()},",
                    ")",
                ],
            )
        )

    def _raise(self) -> Lines:
        return [self.one(("raise ValueError('bad ' + text)", "raise KeyError(n)", "raise Problem(text)"))]

    def _set_and_leave(self) -> Lines:
        lines = [f"context.set_code({self.code()})", f"context.set_details({self.text()})"]
        if self.chance(0.3):
            lines.reverse()
        if self._helper or self._kind in (SERVER, BIDI):
            return [*lines, "return"]
        return [*lines, self.one(("return pb2.Answer()", "return pb2.Answer()", _REPLY))]

    def _sibling(self) -> Lines:
        """The handler of another RPC, called directly."""
        if not self._method or self._helper or self._name in ("Get2", "Watch0") or self._kind not in (UNARY, SERVER):
            return self._raise()
        ask = "pb2.Ask(text='s' + text, number=n)"
        if self._kind == UNARY:
            return [f"return {self.wait}self.{self.one(('Get0', 'Get1', 'Get2'))}({ask}, context)"]
        if self.aio:
            return [f"async for one in self.Watch0({ask}, context):", "    yield one"]
        return [f"yield from self.Watch0({ask}, context)"]

    def _if(self) -> Lines:
        depth = self._depth
        test = self.one(("n == 1", "n == 2", "n > 2", "n % 2", "not text", "text.startswith('a')", "n in (0, 3)"))
        lines = [f"if {test}:", *indented(self._block(depth))]
        self._depth = depth
        if self.chance(0.3):
            lines += ["else:", *indented(self._block(depth))]
        return lines

    def _try(self) -> Lines:
        depth = self._depth
        lines = ["try:", *indented(self._block(depth))]
        caught = self.one(
            ("Exception", "Exception", "ValueError", "grpc.RpcError", "(KeyError, ValueError)", "Problem")
        )
        if self.chance(0.15):
            return [*lines, "finally:", *indented(self._note())]
        name = self.chance(0.6)
        lines.append(f"except {caught} as error:" if name else f"except {caught}:")
        handlers: list[Lines] = [self._note(), ["raise"], self._abort(), self._set_and_leave()]
        if name:
            handlers.append(["text += type(error).__name__ if isinstance(error, (ValueError, KeyError)) else 'other'"])
            handlers.append([f"{self.wait}context.abort({self.code()}, f'{{n}} {{type(error) is ValueError}}')"])
            if caught == "grpc.RpcError":
                handlers.append([f"{self.wait}context.abort(error.code(), error.details())"])
                handlers.append(["text += error.code().name"])
        lines += indented(self.rng.choice(handlers))
        if self.chance(0.2):
            lines += ["finally:", *indented(self._note())]
        return lines

    def _with(self) -> Lines:
        caught = self.one(("Exception", "ValueError"))
        return [f"with contextlib.suppress({caught}):", *indented(self._block(self._depth))]

    def _downstream(self) -> Lines:
        if not self._method:
            return self._note()
        method = self.one(("Get0", "Get1", "Get1"))
        call = f"text += ({self.wait}self.downstream.{method}(pb2.Ask(text=text), timeout=20)).text"
        if self.chance(0.3):
            return [call]
        caught = self.one(("grpc.RpcError", "grpc.RpcError", "Exception"))
        handlers = [["text += 'failed'"], ["raise"], self._abort()]
        if caught == "grpc.RpcError":
            handlers += [
                [f"{self.wait}context.abort(error.code(), error.details())"],
                ["if error.code() == grpc.StatusCode.NOT_FOUND:", "    text += error.details()", "else:", "    raise"],
                ["context.set_code(error.code())", "context.set_details(error.details())"],
                ["text += str(dict(error.trailing_metadata() or ()).get('inner'))"],
            ]
        return ["try:", f"    {call}", f"except {caught} as error:", *indented(self.rng.choice(handlers))]

    def _help(self) -> Lines:
        """A call of a method or a function that takes the context; what it does is made at random too."""
        if self._helper:
            return self._note()
        self._number += 1
        name = f"check_{self._number}"
        method = self.chance(0.5)
        self._helper, self._method = True, method
        body = self._block(2)
        self._helper, self._method = False, True
        head = f"{self.def_} {name}({'self, ' if method else ''}n, text, context):"
        if method:
            self._methods += ["", head, *indented(body)]
            return [f"{self.wait}self.{name}(n, text, context)"]
        self._functions += [head, *indented(body), "", ""]
        return [f"{self.wait}{name}(n, text, context)"]

    def _match(self) -> Lines:
        lines = ["match n:", "    case 1 | 3:", *indented(indented(self._block(self._depth)))]
        if self.chance(0.5):
            lines += ["    case _:", *indented(indented(self._note()))]
        return lines

    def _loop(self) -> Lines:
        depth = self._depth
        head = self.one(("for i in range(n):", "for word in text.split('a'):", "while n > 0:"))
        body = self._block(depth)
        last = ["n -= 1"] if head.startswith("while") else [self.one(("break", "text += 'l'"))]
        lines = [head, *indented([*body, *last])]
        if self.chance(0.2):
            lines += ["else:", *indented(self._note())]
        return lines

    def _function(self) -> Lines:
        """A function in the handler that fails, or an expression that does."""
        code, text = self.code(), self.text()
        abort = f"{self.wait}context.abort({code}, {text})"
        ways = [
            [f"{self.def_} fail(why):", f"    {self.wait}context.abort({code}, why)", "", f"{self.wait}fail({text})"],
            [f"n == 2 and {abort}"],
            [f"text = text or {abort}"],
            [f"raised = {abort} if n > 1 else None", "text += str(raised)"],
            [f"raise {abort}" if self.chance(0.3) else abort],
        ]
        if not self.aio:
            ways.append([f"fail = lambda why: context.abort({code}, why)", f"fail({text})"])
            ways.append(["for check in (lambda: n > 1, lambda: text):", f"    check() or {abort}"])
        return self.rng.choice(ways)

    def _guard(self) -> Lines:
        if self.aio:
            return [f"async with aborting(context, {self.member()}):", *indented(self._block(self._depth))]
        return [f"with aborting(context, {self.member()}):", *indented(self._block(self._depth))]

    # Around the handlers

    def _decorators(self) -> Lines:
        return [
            "class Problem(Exception):",
            "    pass",
            "",
            "",
            "class Status(collections.namedtuple('Status', ('code', 'details', 'trailing_metadata')), grpc.Status):",
            "    pass",
            "",
            "",
            "@contextlib.asynccontextmanager" if self.aio else "@contextlib.contextmanager",
            f"{self.def_} aborting(context, code):",
            "    try:",
            "        yield",
            "    except (ValueError, Problem) as error:",
            f"        {self.wait}context.abort(code, f'guarded: {{error}}')",
            "",
            "",
            "def logged(handler):",
            "    @functools.wraps(handler)",
            f"    {self.def_} inner(self, request, context):",
            "        TRACE.append('in')",
            f"        return {self.wait}handler(self, request, context)",
            "",
            "    return inner",
            "",
            "",
            "def guarded(handler):",
            "    @functools.wraps(handler)",
            f"    {self.def_} inner(self, request, context):",
            "        try:",
            f"            return {self.wait}handler(self, request, context)",
            "        except ValueError as error:",
            "            context.set_code(grpc.StatusCode.INVALID_ARGUMENT)",
            "            context.set_details(str(error))",
            "            return pb2.Answer()",
            "",
            "    return inner",
            "",
            "",
        ]

    def _interceptor(self) -> Lines:
        module = "grpc.aio" if self.aio else "grpc"
        return [
            f"class Deny({module}.ServerInterceptor):",
            "    def __init__(self):",
            f"        {self.def_} deny(request, context):",
            f"            {self.wait}context.abort(grpc.StatusCode.PERMISSION_DENIED, 'denied')",
            "",
            "        self._deny = grpc.unary_unary_rpc_method_handler(deny)",
            "",
            f"    {self.def_} intercept_service(self, continuation, handler_call_details):",
            "        if ('x-deny', 'yes') in handler_call_details.invocation_metadata:",
            "            return self._deny",
            f"        return {self.wait}continuation(handler_call_details)",
            "",
            "",
        ]

    def _main(self) -> Lines:
        interceptors = [*("Deny()",) * self.chance(0.3), *("Around()",) * self._around]
        self.rng.shuffle(interceptors)
        intercepted = f"interceptors=[{', '.join(interceptors)}]" if interceptors else ""
        if self.aio:
            return [
                "async def main():",
                f"    server = grpc.aio.server({intercepted})",
                "    shop = Shop()",
                "    shop_pb2_grpc.add_ShopServicer_to_server(shop, server)",
                '    port = server.add_insecure_port("127.0.0.1:0")',
                "    await server.start()",
                '    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:',
                "        shop.downstream = shop_pb2_grpc.ShopStub(channel)",
                '        print(f"listening on {port}", flush=True)',
                "        await server.wait_for_termination()",
                "",
                "",
                'if __name__ == "__main__":',
                "    asyncio.run(main())",
            ]
        pool = "futures.ThreadPoolExecutor(max_workers=10)"
        return [
            "def main():",
            f"    server = grpc.server({', '.join(filter(None, (pool, intercepted)))})",
            "    shop = Shop()",
            "    shop_pb2_grpc.add_ShopServicer_to_server(shop, server)",
            '    port = server.add_insecure_port("127.0.0.1:0")',
            "    server.start()",
            '    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:',
            "        shop.downstream = shop_pb2_grpc.ShopStub(channel)",
            '        print(f"listening on {port}", flush=True)',
            "        server.wait_for_termination()",
            "",
            "",
            'if __name__ == "__main__":',
            "    main()",
        ]
