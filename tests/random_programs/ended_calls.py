"""Calls of a random program that somebody ends before the server does, and what is asked of calls as they go on.

They are of handlers that wait for it: what else a call has seen when it is ended would be an accident.
"""

from __future__ import annotations

from tests.random_programs.writing import Lines, Writer, indented

_ASK = "pb2.Ask(text=text, number=n)"

HANGS, ADDS, ECHOES = "Watch7", "Put4", "Talk4"
"""The RPCs that `fixed_handlers` are for."""


def fixed_handlers(writer: Writer) -> Lines:
    """Handlers for such calls: one hangs after its first response, one adds its requests up, one gives each back."""
    if writer.aio:
        told = "context.add_done_callback(lambda _: ENDS.append('told'))"
        hang = ["for _ in range(400):", "    await asyncio.sleep(0.05)"]
        ended = ["except asyncio.CancelledError:", "    ENDS.append('cancelled')", "    raise"]
    else:
        told = "ENDS.append(str(context.add_callback(lambda: ENDS.append('told'))))"
        ways = (
            ["while context.is_active():", "    time.sleep(0.02)", "ENDS.append('noticed')"],
            ["for _ in range(400):", "    context.is_active() and time.sleep(0.02)", "ENDS.append('over')"],
        )
        hang, ended = writer.rng.choice(ways), []
    return [
        f"{writer.def_} Watch7(self, request, context):",
        f"    {told}",
        f"    {writer.wait}context.send_initial_metadata((('first', 'yes'), ('first-bin', b'\\x01')))",
        "    try:",
        "        yield pb2.Answer(text='w' + request.text, number=request.number)",
        *indented(indented(hang)),
        *indented(ended),
        "    finally:",
        "        ENDS.append('finally')",
        "",
        f"{writer.def_} Put4(self, request_iterator, context):",
        f"    asks = {'[ask async for ask in request_iterator]' if writer.aio else 'list(request_iterator)'}",
        "    return pb2.Answer(number=sum(ask.number for ask in asks), text='p')",
        "",
        f"{writer.def_} Talk4(self, request_iterator, context):",
        f"    {writer.for_} ask in request_iterator:",
        "        yield pb2.Answer(text='e' + ask.text, number=ask.number)",
    ]


def ends_of(writer: Writer) -> Lines:
    """A function of the client: what the handler that hangs has noted of its end, once it has ended."""
    return [
        f"{writer.def_} ends(stub):",
        "    found = []",
        "    for _ in range(100):",
        f"        told = ({writer.wait}stub.Get0(pb2.Ask(text='ends'), timeout=20)).text",
        "        found += filter(None, told.split('|'))",
        "        if {'told', 'finally'} <= {*found}:",
        "            break",
        f"        {writer.wait}{'asyncio' if writer.aio else 'time'}.sleep(0.05)",
        # How often it was asked is an accident.
        "    NOTES.clear()",
        "    return sorted(found)",
    ]


class EndedCalls(Writer):
    """Writes cases of such calls."""

    def _stopped(self) -> Lines:
        """A stream of responses that is cancelled, or has no more time, after the first one."""
        return [*self._stopped_call(), f"out.append({self.wait}ends(stub))"]

    def _stopped_call(self) -> Lines:
        end = self.one(("cancel", "cancel", "deadline", "break"))
        call = f"stub.Watch7(pb2.Ask(text='h' + text, number=n), timeout={'0.4' if end == 'deadline' else '20'})"
        lines = [f"replies = {call}"]
        if self.chance(0.3):
            lines.append(f"out.append(dict({self.wait}replies.initial_metadata()).get('first'))")
        asked = f"[({self.wait}replies.code()).name, replies.done(), replies.cancelled()]"
        if end == "break":
            loop = [f"{self.for_} reply in replies:", "    out.append(reply.text)", "    break"]
            return [*lines, *loop, self._moment(), "replies.cancel()"]
        if end == "deadline":
            # grpcio words it in two ways, by chance.
            loop = [f"    {self.for_} reply in replies:", "        out.append(reply.text)"]
            return [
                "try:",
                *indented(lines),
                *loop,
                "except grpc.RpcError as error:",
                "    out.append(error.code().name)",
            ]
        first = "(await replies.read()).text" if self.aio else "next(replies).text"
        lines += [f"out.append({first})", self._moment(), "out.append(replies.cancel())", f"out.append({asked})"]
        if self.chance(0.5):
            lines.append("out.append(replies.cancel())")
        if self.chance(0.5):
            lines.append(f"out.append({self.wait}replies.details())")
        again = "await replies.read()" if self.aio else "next(replies)"
        caught = "asyncio.CancelledError" if self.aio else "grpc.RpcError"
        if self.chance(0.4):
            lines += ["try:", f"    out.append({again} is None)", f"except {caught}:", "    out.append('ended')"]
        return lines

    def _moment(self) -> str:
        """Long enough for a handler to go on after its response has come here."""
        return f"{self.wait}{'asyncio' if self.aio else 'time'}.sleep(0.1)"

    def _conversation(self) -> Lines:
        """Requests and responses one after the other."""
        if self.aio:
            lines = [
                "talk = stub.Talk4(timeout=20)",
                "for i in range(n):",
                "    await talk.write(pb2.Ask(text=text, number=i))",
                "    out.append((await talk.read()).number)",
            ]
            ends = (
                ["await talk.done_writing()", "out.append(await talk.read() is grpc.aio.EOF)"],
                ["talk.cancel()", "out.append((await talk.code()).name)"],
                ["await talk.done_writing()", "async for reply in stub.Talk4(iter([])):", "    out.append('never')"],
                ["await talk.done_writing()", "out.append([(await talk.code()).name, await talk.details()])"],
            )
            return [*lines, *self.rng.choice(ends)]
        lines = [
            "asks = queue.SimpleQueue()",
            "talk = stub.Talk4(iter(asks.get, None), timeout=20)",
            "for i in range(n):",
            "    asks.put(pb2.Ask(text=text, number=i))",
            "    out.append(next(talk).number)",
        ]
        ends = (
            ["asks.put(None)", "out.append([reply.text for reply in talk])", "out.append(talk.code().name)"],
            ["talk.cancel()", "asks.put(None)", "out.append([talk.code().name, talk.details()])"],
            ["asks.put(None)", "out.append(next(talk, 'end'))", "out.append(dict(talk.trailing_metadata()))"],
        )
        return [*lines, *self.rng.choice(ends)]

    def _failing_requests(self) -> Lines:
        """An iterator of requests that raises an error."""
        name = self.one(("Put4", "Talk4"))
        head = f"{self.def_ if self.chance(0.5) else 'def'} asks():"
        lines = [head, "    yield pb2.Ask(number=n)", "    if n > 1:", "        raise ValueError('asked')", ""]
        if name == "Put4":
            body = [f"out.append(({self.wait}stub.Put4(asks(), timeout=20)).number)"]
        else:
            body = [f"{self.for_} reply in stub.Talk4(asks(), timeout=20):", "    out.append('reply')"]
        if not self.aio:
            lines[0] = "def asks():"
            # How many responses come before the error does is an accident.
            return [*lines, *([body[0], "    pass"] if name == "Talk4" else body)]
        return [
            *lines,
            *("try:", *indented([body[0], "    pass"] if name == "Talk4" else body)),
            "except asyncio.CancelledError:",
            "    out.append('cancelled')",
        ]

    def _bad_request(self) -> Lines:
        """A request of a wrong type."""
        bad = self.one(("None", "'text'", "pb2.Answer()", "7"))
        return [f"out.append(({self.wait}stub.Get0({bad}, timeout=20)).text)"]

    def _called_back(self) -> Lines:
        """A call that tells of its end."""
        if self.aio:
            return [
                f"call = stub.Get0({_ASK}, timeout=20)",
                "call.add_done_callback(lambda one: out.append(['done', one.done()]))",
                "out.append((await call).text)",
                "await asyncio.sleep(0.05)",
            ]
        return [
            "told = threading.Event()",
            f"future = stub.{self.one(('Get0', 'Get1'))}.future({_ASK}, timeout=20)",
            "future.add_done_callback(lambda one: (out.append([one.code().name, one.details()]), told.set()))",
            "told.wait(20)",
            self.one(("out.append(future.done())", "out.append(str(future.exception() is None))")),
        ]

    def _adding(self) -> Lines:
        """The other ways to make a call with a stream of requests."""
        asks = self.one(
            ("iter([pb2.Ask(number=n)] * 3)", "(pb2.Ask(number=i) for i in range(n))", "[pb2.Ask(number=n)]")
        )
        if self.aio:
            return [
                "put = stub.Put4(timeout=20)",
                *("await put.write(pb2.Ask(number=n))",) * self.rng.randrange(3),
                "await put.done_writing()",
                "out.append((await put).number)",
                "out.append([(await put.code()).name, dict(await put.initial_metadata()).get('first')])",
            ]
        asks = self.one(("iter([pb2.Ask(number=n)] * 3)", "(pb2.Ask(number=i) for i in range(n))"))
        if self.chance(0.5):
            return [
                f"reply, put = stub.Put4.with_call({asks}, timeout=20)",
                "out.append([reply.number, put.code().name])",
            ]
        return [f"put = stub.Put4.future({asks}, timeout=20)", "out.append([put.result().number, put.cancelled()])"]

    def _cancelled_future(self) -> Lines:
        """A unary call that is cancelled before it ends."""
        call = "stub.Get0(pb2.Ask(text='slow'), timeout=20)"
        if self.aio:
            return [
                f"call = {call}",
                "await asyncio.sleep(0.05)",
                "out.append([call.cancel(), call.cancel()])",
                "try:",
                "    await call",
                "except asyncio.CancelledError:",
                "    out.append('cancelled')",
                "out.append([(await call.code()).name, call.cancelled()])",
            ]
        return [
            f"future = {call.replace('Get0(', 'Get0.future(')}",
            "time.sleep(0.05)",
            "out.append([future.cancel(), future.cancelled(), future.code().name])",
            "try:",
            "    future.result()",
            "except grpc.FutureCancelledError:",
            "    out.append('cancelled')",
        ]
