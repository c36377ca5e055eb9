"""The unit tests of a random program: handlers that are called directly, with contexts that tests make."""

from __future__ import annotations

from tests.random_programs.writing import CONSTANTS, COUNTS, SERVER, UNARY, Lines, Writer, indented

CASES = 40


class UnitTests(Writer):
    """Writes `unit.py`, which calls the server's handlers and prints what it sees; no server runs."""

    def module(self) -> str:
        """The text of the module."""
        lines = [
            *("import asyncio",) * self.aio,
            "import json",
            "from unittest import mock",
            "",
            "import grpc",
            "from grpc import StatusCode",
            "",
            "import shop_pb2 as pb2",
            "import shop_pb2_grpc",
            "from server import TRACE, Shop",
            "",
            *CONSTANTS,
            "",
            "",
            *self._fakes(),
        ]
        for number in range(CASES):
            lines += ["", "", f"{self.def_} case_{number}(n, text, out):", *indented(self._case())]
        return "\n".join([*lines, "", "", *self._main()]) + "\n"

    def _fakes(self) -> Lines:
        return [
            "class Aborted(Exception):",
            "    pass",
            "",
            "",
            "class FakeContext:",
            "    def __init__(self, **metadata):",
            "        self._metadata = tuple(metadata.items())",
            "        self.seen = []",
            "        self.status = None",
            "",
            "    def invocation_metadata(self):",
            "        return self._metadata",
            "",
            "    def set_code(self, code):",
            "        self.status = code",
            "",
            "    def set_details(self, details):",
            "        self.seen.append(details)",
            "",
            "    def set_trailing_metadata(self, metadata):",
            "        self.seen.append(len(metadata))",
            "",
            f"    {self.def_} abort(self, code, details=''):",
            "        self.status = code",
            "        self.seen.append(details)",
            "        raise Aborted(details)",
            "",
            "    def code(self):",
            "        return self.status",
            "",
            "    def details(self):",
            "        return ''",
            "",
            "    def time_remaining(self):",
            "        return 1",
            "",
            "    def peer(self):",
            "        return 'ipv4:fake'",
            "",
            "",
            "class Downstream:",
            f"    {self.def_} Get0(self, request, timeout=None, metadata=None):",
            "        return pb2.Answer(text='down')",
            "",
            f"    {self.def_} Get1(self, request, timeout=None, metadata=None):",
            "        raise Gone()",
            "",
            "",
            "class Gone(grpc.RpcError):",
            "    def code(self):",
            "        return grpc.StatusCode.NOT_FOUND",
            "",
            "    def details(self):",
            "        return 'gone'",
            "",
            "    def trailing_metadata(self):",
            "        return (('inner', 'fake'),)",
            "",
            "",
            "def status(code):",
            "    return code.name if code else None",
        ]

    def _case(self) -> Lines:
        kind = self.rng.choice((UNARY, UNARY, UNARY, SERVER))
        name = f"{kind}{self.rng.randrange(2 if kind == UNARY else 0, COUNTS[kind])}"
        lines = ["shop = Shop()", "shop.downstream = Downstream()"]
        call = f"shop.{name}(pb2.Ask(text=text, number=n), context)"
        if kind == SERVER:
            ask = [f"out.append([reply.text {self.for_} reply in {call}])"]
        else:
            ask = [f"out.append(({self.wait}{call}).text)"]
        context, after = self.rng.choice(
            (
                ("FakeContext()", ["out.append([status(context.status), context.seen])"]),
                ("FakeContext(**{'x-user': 'ann'})", ["out.append(context.status == grpc.StatusCode.NOT_FOUND)"]),
                ("FakeContext()", ["out.append(context.status in (GONE, StatusCode.ABORTED, *LIST))"]),
                ("mock", ["out.append([status(one.args[0]) for one in context.set_code.call_args_list])"]),
                ("mock", ["out.append([list(one.args[1:]) for one in context.abort.call_args_list])"]),
                ("mock", ["out.append(context.abort.called)", "out.append(context.set_details.call_count)"]),
            )
        )
        if context == "mock":
            context = self.one(("mock.Mock()", "mock.MagicMock()", "mock.create_autospec(grpc.ServicerContext)"))
            lines += [f"context = {context}", f"context.invocation_metadata.return_value = {self._metadata()}"]
            lines += ["context.time_remaining.return_value = 5", "context.peer.return_value = 'ipv4:mock'"]
            lines += ["context.code.return_value = None", "context.details.return_value = b''"]
            mocked = "mock.AsyncMock" if self.aio else "mock.Mock"
            lines.append(f"context.abort = {mocked}(side_effect=Aborted('mock'))")
        else:
            lines.append(f"context = {context}")
        caught = self.one(("Aborted", "Exception", "(Aborted, grpc.RpcError)"))
        return [
            *lines,
            "try:",
            *indented(ask),
            f"except {caught} as error:",
            "    out.append(type(error).__name__ if type(error) in (Aborted, Gone, ValueError) else 'other')",
            *after,
        ]

    def _metadata(self) -> str:
        return self.one(("()", "(('x-user', 'kim'),)", "[('x-user', 'ann'), ('x-other', 'b')]"))

    def _main(self) -> Lines:
        cases = ", ".join(f"case_{number}" for number in range(CASES))
        return [
            f"{self.def_} main():",
            f"    for name, case in enumerate([{cases}]):",
            "        for n, text in ((0, ''), (1, 'a'), (2, 'b'), (3, 'ab')):",
            "            out = []",
            "            try:",
            f"                {self.wait}case(n, text, out)",
            "            except Exception as error:",
            "                out.append(['raised', type(error).__name__])",
            "            print(json.dumps([name, n, out, TRACE]), flush=True)",
            "            TRACE.clear()",
            "",
            "",
            'if __name__ == "__main__":',
            "    asyncio.run(main())" if self.aio else "    main()",
        ]
