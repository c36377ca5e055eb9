"""One servicer per flavour, written once in gRPC's shape and served by grpcio and by the runtime alike."""

from __future__ import annotations

import asyncio
import threading
from collections import namedtuple

import grpc
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from google.protobuf import any_pb2

Status = namedtuple("Status", "code details trailing_metadata")


# What pyqwest sends of its own accord, and a grpcio server takes for metadata.
NOISE = ("user-agent", "accept", "content-length")


class Seen:
    """What the handlers saw; each event is set once."""

    def __init__(self):
        self.started = threading.Event()
        self.release = threading.Event()
        self.ended = threading.Event()
        self.cancelled = threading.Event()


def rich_status():
    """A serialized google.rpc.Status with one detail, made without generated code."""
    inner = any_pb2.Any(type_url="type.googleapis.com/tests.v1.Ask", value=b"\x0a\x03abc")
    packed = inner.SerializeToString()
    return b"\x08\x05\x12\x04rich\x1a" + bytes([len(packed)]) + packed


class SyncEcho:
    """Handlers named as in the proto; `renamed` gives them the names of Connect."""

    def __init__(self, pb2, seen, downstream=None):
        self.pb2, self.seen, self.downstream = pb2, seen, downstream

    def Say(self, request, context):
        return self.case(request, context)

    def Repeat(self, request, context):
        kind, _, rest = request.text.partition(":")
        if kind == "then":
            for number in range(request.count):
                yield self.pb2.Answer(text=str(number))
            self.case(self.pb2.Ask(text=rest), context)
            return
        if kind == "hang":
            context.add_callback(self.seen.ended.set)
            yield self.pb2.Answer(text="first")
            self.seen.started.set()
            self.seen.release.wait(10)
            yield self.pb2.Answer(text="second")
            return
        if kind == "headers":
            context.send_initial_metadata((("early", "1"),))
            self.seen.release.wait(10)
            return
        for number in range(request.count):
            yield self.pb2.Answer(text=f"{request.text}{number}")

    def Join(self, requests, context):
        texts = [request.text for request in requests]
        if texts and texts[0].startswith("case:"):
            return self.case(self.pb2.Ask(text=texts[0][5:]), context)
        return self.pb2.Answer(text="+".join(texts))

    def Chat(self, requests, context):
        for request in requests:
            yield self.pb2.Answer(text=request.text.upper())

    def case(self, request, context):
        answer = self.pb2.Answer(text=request.text)
        match request.text:
            case "abort":
                context.abort(grpc.StatusCode.NOT_FOUND, "no such thing é")
            case "abort ok":
                context.abort(grpc.StatusCode.OK, "ignored")
            case "abort with trailers":
                context.set_trailing_metadata((("replaced", "0"),))
                context.set_trailing_metadata((("a", "1"), ("b-bin", b"\x00\xff"), ("a", "2")))
                context.abort(grpc.StatusCode.ABORTED, "t")
            case "abort swallowed":
                try:
                    context.abort(grpc.StatusCode.PERMISSION_DENIED, "swallowed")
                except Exception:
                    pass
            case "abort replaced":
                try:
                    context.abort(grpc.StatusCode.PERMISSION_DENIED, "first")
                except Exception:
                    raise ValueError("second") from None
            case "rich":
                bin_ = ("grpc-status-details-bin", rich_status())
                context.abort_with_status(Status(grpc.StatusCode.NOT_FOUND, "rich", (bin_, ("k", "v"))))
            case "rich apart":
                context.set_trailing_metadata((("grpc-status-details-bin", rich_status()),))
                context.abort(grpc.StatusCode.ABORTED, "another é")
            case "rich broken":
                context.set_trailing_metadata((("grpc-status-details-bin", b"\xff\xff"),))
                context.abort(grpc.StatusCode.ABORTED, "broken")
            case "rich raised":
                context.set_trailing_metadata((("grpc-status-details-bin", rich_status()),))
                raise ConnectError(Code.NOT_FOUND, "rich")
            case "set":
                context.set_code(grpc.StatusCode.DATA_LOSS)
                context.set_details("lost")
            case "set none":
                context.set_code(grpc.StatusCode.DATA_LOSS)
                context.set_details("lost")
                return None
            case "set code none":
                context.set_code(grpc.StatusCode.DATA_LOSS)
                return None
            case "set raise":
                context.set_code(grpc.StatusCode.DATA_LOSS)
                context.set_details("lost")
                raise ValueError("later")
            case "details only":
                context.set_details("fine")
            case "no such name":
                answer.text = str(hasattr(context, "set_response_compression"))
            case "cancelled code":
                context.set_code(grpc.StatusCode.CANCELLED)
            case "raise":
                raise ValueError("secret boom")
            case "stop":
                next(iter(()))
            case "none":
                return None
            case "wrong":
                return "text"
            case "metadata":
                context.send_initial_metadata((("initial", "1"), ("i-bin", b"\x01\xfe")))
                context.set_trailing_metadata((("trailing", "2"),))
                pairs = [(m.key, m.value) for m in context.invocation_metadata() if m.key not in NOISE]
                return self.pb2.Answer(text=repr(sorted(pairs)))
            case "context":
                remaining = context.time_remaining()
                values = (context.code(), context.details(), context.is_active(), remaining is None or remaining > 1e9)
                return self.pb2.Answer(text=repr((values, context.peer().split(":")[0], context.trailing_metadata())))
            case "downstream":
                self.downstream()
            case "hang":
                context.add_callback(self.seen.ended.set)
                self.seen.started.set()
                self.seen.release.wait(10)
            case "cancel":
                context.cancel()
                self.seen.release.wait(10)
        return answer


class AioEcho:
    """The same for asyncio."""

    def __init__(self, pb2, seen, downstream=None):
        self.pb2, self.seen, self.downstream = pb2, seen, downstream

    async def Say(self, request, context):
        return await self.case(request, context)

    async def Repeat(self, request, context):
        kind, _, rest = request.text.partition(":")
        if kind == "then":
            for number in range(request.count):
                yield self.pb2.Answer(text=str(number))
            await self.case(self.pb2.Ask(text=rest), context)
            return
        if kind == "headers":
            await context.send_initial_metadata((("early", "1"),))
            await asyncio.to_thread(self.seen.release.wait, 10)
            return
        if kind == "hang":
            try:
                yield self.pb2.Answer(text="first")
                self.seen.started.set()
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                self.seen.ended.set()
                raise
            return
        for number in range(request.count):
            yield self.pb2.Answer(text=f"{request.text}{number}")

    async def Join(self, requests, context):
        texts = [request.text async for request in requests]
        if texts and texts[0].startswith("case:"):
            return await self.case(self.pb2.Ask(text=texts[0][5:]), context)
        return self.pb2.Answer(text="+".join(texts))

    async def Chat(self, requests, context):
        while request := await context.read():
            if isinstance(request, self.pb2.Ask):
                await context.write(self.pb2.Answer(text=request.text.upper()))

    async def case(self, request, context):
        answer = self.pb2.Answer(text=request.text)
        match request.text:
            case "abort":
                await context.abort(grpc.StatusCode.NOT_FOUND, "no such thing é")
            case "abort not awaited":
                context.abort(grpc.StatusCode.NOT_FOUND, "x").close()
            case "abort with trailers":
                await context.abort(grpc.StatusCode.ABORTED, "t", (("a", "1"), ("b-bin", b"\x00\xff"), ("a", "2")))
            case "abort swallowed":
                try:
                    await context.abort(grpc.StatusCode.PERMISSION_DENIED, "swallowed")
                except Exception:
                    pass
            case "rich":
                bin_ = ("grpc-status-details-bin", rich_status())
                await context.abort_with_status(Status(grpc.StatusCode.NOT_FOUND, "rich", (bin_, ("k", "v"))))
            case "rich apart":
                context.set_trailing_metadata((("grpc-status-details-bin", rich_status()),))
                context.set_code(grpc.StatusCode.ABORTED)
                context.set_details("another é")
            case "rich broken":
                context.set_trailing_metadata((("grpc-status-details-bin", b"\xff\xff"),))
                context.set_code(grpc.StatusCode.ABORTED)
                context.set_details("broken")
            case "rich raised":
                context.set_trailing_metadata((("grpc-status-details-bin", rich_status()),))
                raise ConnectError(Code.NOT_FOUND, "rich")
            case "set":
                context.set_code(grpc.StatusCode.DATA_LOSS)
                context.set_details("lost")
            case "set none":
                context.set_code(grpc.StatusCode.DATA_LOSS)
                context.set_details("lost")
                return None
            case "set raise":
                context.set_code(grpc.StatusCode.DATA_LOSS)
                context.set_details("lost")
                raise ValueError("later")
            case "details only":
                context.set_details("fine")
            case "no such name":
                answer.text = str(hasattr(context, "set_response_compression"))
            case "raise":
                raise ValueError("secret boom")
            case "none":
                return None
            case "metadata":
                await context.send_initial_metadata((("initial", "1"), ("i-bin", b"\x01\xfe")))
                context.set_trailing_metadata((("trailing", "2"),))
                pairs = [(m[0], m[1]) for m in context.invocation_metadata() if m[0] not in NOISE]
                return self.pb2.Answer(text=repr(sorted(pairs)))
            case "context":
                values = (context.code(), context.details(), context.cancelled(), context.time_remaining() is None)
                return self.pb2.Answer(text=repr((values, context.peer().split(":")[0], context.trailing_metadata())))
            case "downstream":
                self.downstream()
            case "hang":
                self.seen.started.set()
                try:
                    await asyncio.sleep(10)
                except asyncio.CancelledError:
                    self.seen.ended.set()
                    raise
        return answer


def renamed(servicer):
    """The servicer with its handlers under Connect's names."""
    for name in ("Say", "Repeat", "Join", "Chat"):
        setattr(servicer, name.lower(), getattr(servicer, name))
    return servicer
