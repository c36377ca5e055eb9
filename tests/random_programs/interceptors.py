"""Interceptors of a random program, on both sides."""

from __future__ import annotations

from tests.random_programs.writing import Lines, Writer, indented


def around_handlers(writer: Writer) -> Lines:
    """An interceptor of the server that puts something around each unary handler."""
    inner = f"{writer.wait}inner(request, context)"
    ways = (
        ["TRACE.append('before')", f"reply = {inner}", "TRACE.append(reply.text)", "return reply"],
        ["try:", f"    return {inner}", "finally:", "    TRACE.append('after')"],
        [
            "try:",
            f"    return {inner}",
            "except (ValueError, KeyError) as error:",
            f"    {writer.wait}context.abort({writer.member()}, f'around: {{type(error).__name__}}')",
        ],
        ["TRACE.append(handler_call_details.method)", f"return {inner}"],
        ["context.set_trailing_metadata((('after', 'around'),))", f"return {inner}"],
        [
            "if not request.text and request.number > 90:",
            f"    {writer.wait}context.abort({writer.member()}, 'too many')",
            f"reply = {inner}",
            "return pb2.Answer(text=reply.text + '!', number=reply.number)",
        ],
    )
    module = "grpc.aio" if writer.aio else "grpc"
    return [
        f"class Around({module}.ServerInterceptor):",
        f"    {writer.def_} intercept_service(self, continuation, handler_call_details):",
        f"        handler = {writer.wait}continuation(handler_call_details)",
        "        if handler is None or handler.request_streaming or handler.response_streaming:",
        "            return handler",
        "        inner = handler.unary_unary",
        "",
        f"        {writer.def_} around(request, context):",
        "            if request.text in ('trace', 'ends', 'slow'):",
        f"                return {inner}",
        *indented(indented(indented(writer.rng.choice(ways)))),
        "",
        "        return grpc.unary_unary_rpc_method_handler(",
        "            around,",
        "            request_deserializer=handler.request_deserializer,",
        "            response_serializer=handler.response_serializer,",
        "        )",
        "",
        "",
    ]


def around_calls(writer: Writer) -> Lines:
    """An interceptor of the client, and the details that it makes."""
    return _aio(writer) if writer.aio else _sync(writer)


_DETAILS = [
    "FIELDS = 'method timeout metadata credentials wait_for_ready compression'",
    "",
    "",
    "class Details(collections.namedtuple('Details', FIELDS), grpc.ClientCallDetails):",
    "    pass",
    "",
    "",
]


def _sync(writer: Writer) -> Lines:
    changed = writer.one(
        (
            "details._replace(metadata=[*(details.metadata or ()), ('x-user', 'tel')])",
            "Details(details.method, details.timeout, (*(details.metadata or ()), ('x-more', 'm')), None, None, None)",
            "details",
        )
    )
    unary = writer.rng.choice(
        (
            [f"return continuation({changed}, request)"],
            [f"call = continuation({changed}, request)", "NOTES.append(call.code().name)", "return call"],
            [
                f"call = continuation({changed}, request)",
                "if call.exception() is not None:",
                "    NOTES.append(call.exception().details())",
                "return call",
            ],
            [
                "for _ in range(2):",
                f"    call = continuation({changed}, request)",
                f"    if call.code() != {writer.member()}:",
                "        return call",
                "    NOTES.append('again')",
                "return call",
            ],
            [
                f"call = continuation({changed}, request)",
                "call.add_done_callback(lambda one: NOTES.append(one.done()))",
                "call.result() if call.exception() is None else None",
                "return call",
            ],
        )
    )
    stream = writer.rng.choice(
        (
            [f"return continuation({changed}, request)"],
            ["NOTES.append(details.method)", f"return continuation({changed}, request)"],
            [f"replies = continuation({changed}, request)", "NOTES.append('stream')", "return replies"],
        )
    )
    return [
        *_DETAILS,
        "class Tell(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):",
        "    def intercept_unary_unary(self, continuation, details, request):",
        *indented(indented(unary)),
        "",
        "    def intercept_unary_stream(self, continuation, details, request):",
        *indented(indented(stream)),
        "",
        "",
    ]


def _aio(writer: Writer) -> Lines:
    changed = writer.one(
        (
            "details._replace(timeout=details.timeout or 20)",
            "grpc.aio.ClientCallDetails(details.method, details.timeout, told(details.metadata), None, None)",
            "details",
        )
    )
    unary = writer.rng.choice(
        (
            [f"return await continuation({changed}, request)"],
            [f"call = await continuation({changed}, request)", "NOTES.append((await call.code()).name)", "return call"],
            [
                f"call = await continuation({changed}, request)",
                "try:",
                "    await call",
                "except grpc.aio.AioRpcError as error:",
                "    NOTES.append(error.details())",
                "return call",
            ],
            [
                "for _ in range(2):",
                f"    call = await continuation({changed}, request)",
                f"    if await call.code() != {writer.member()}:",
                "        return call",
                "    NOTES.append('again')",
                "return call",
            ],
            [
                "try:",
                f"    return await (await continuation({changed}, request))",
                "finally:",
                "    NOTES.append('asked')",
            ],
        )
    )
    return [
        "def told(metadata):",
        "    return grpc.aio.Metadata(*(metadata or ()), ('x-user', 'tel'))",
        "",
        "",
        "class Tell(grpc.aio.UnaryUnaryClientInterceptor):",
        "    async def intercept_unary_unary(self, continuation, details, request):",
        *indented(indented(unary)),
        "",
        "",
    ]
