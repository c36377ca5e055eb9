"""Call credentials over TLS: what a grpcio server sees of the runtime's channels, next to grpcio's own."""

from __future__ import annotations

import asyncio
import contextvars
import subprocess
import threading
from concurrent import futures

import grpc
import pytest

import grpc2connect_runtime as runtime

pytestmark = pytest.mark.usefixtures("each_wire")
TIMEOUT_S = 10
NAME = "other.test"
OPTIONS = [("grpc.ssl_target_name_override", NAME)]
WAYS = ("grpcio", "stub", "intercepted stub", "client", "intercepted client", "native", "intercepted native")
KINDS = ("Say", "Repeat", "Join", "Chat")
NOISE = ("user-agent", "accept", "content-length")
setting = contextvars.ContextVar("setting", default="unset")


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificate")
    key, certificate = folder / "key.pem", folder / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}"]
    command += ["-addext", f"subjectAltName=DNS:{NAME}", "-addext", "basicConstraints=critical,CA:FALSE"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("needs openssl")
    return key.read_bytes(), certificate.read_bytes()


class Showing:
    """Handlers that answer with the metadata of their call."""

    def __init__(self, pb2):
        self.pb2 = pb2

    def _answer(self, context):
        metadata = [(key, value) for key, value in context.invocation_metadata() if key not in NOISE]
        return self.pb2.Answer(text=repr(metadata))

    def Say(self, request, context):
        return self._answer(context)

    def Repeat(self, request, context):
        yield self._answer(context)

    def Join(self, requests, context):
        list(requests)
        return self._answer(context)

    def Chat(self, requests, context):
        for _ in requests:
            yield self._answer(context)


@pytest.fixture(scope="module")
def ports(gen, pair):
    """The ports of a grpcio server: TLS, and plaintext."""
    with futures.ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool)
        gen.pb2_grpc.add_EchoServicer_to_server(Showing(gen.pb2), server)
        secure = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
        plain = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield secure, plain
        server.stop(None).wait(TIMEOUT_S)


def adds(*pairs):
    return lambda context, callback: callback(pairs, None)


def shows_context(context, callback):
    callback((("url", context.service_url), ("method", context.method_name), ("setting", setting.get())), None)


def answers_later(context, callback):
    threading.Timer(0.05, callback, ((("later", "1"),), None)).start()


def fails(context, callback):
    callback(None, RuntimeError("no token today"))


def fails_later(context, callback):
    threading.Timer(0.05, callback, (None, "later")).start()


def raises(context, callback):
    raise ValueError("raised")


def adds_and_raises(context, callback):
    callback((("k", "v"),), None)
    raise ValueError("raised")


def calls_twice(context, callback):
    callback((("k", "v"),), None)
    with pytest.raises(RuntimeError, match="invoked more than once"):
        callback((("k", "w"),), None)


def never_answers(context, callback):
    pass


class AsGrpcioHasIt(grpc.AuthMetadataPlugin):
    """A plugin written for grpcio, as installed packages have them."""

    def __call__(self, context, callback):
        kinds = isinstance(context, grpc.AuthMetadataContext), isinstance(callback, grpc.AuthMetadataPluginCallback)
        callback((("kinds", repr(kinds)),), None)


def of_plugins(lib, *plugins):
    return [lib.metadata_call_credentials(plugin) for plugin in plugins]


def tokens(lib, *texts):
    return [lib.access_token_call_credentials(text) for text in texts]


# For each case: the credentials of the channel and of the call, made of grpcio or of the runtime.
CASES = {
    "none": lambda lib: ([], []),
    "plugin": lambda lib: (of_plugins(lib, shows_context), []),
    "plugin of the call": lambda lib: ([], of_plugins(lib, shows_context)),
    "token": lambda lib: (tokens(lib, "a"), []),
    "tokens of both": lambda lib: (tokens(lib, "a", "b"), tokens(lib, "c", "d")),
    "composite": lambda lib: ([lib.composite_call_credentials(*tokens(lib, "a", "b"))], tokens(lib, "c")),
    "later": lambda lib: (of_plugins(lib, answers_later), of_plugins(lib, answers_later)),
    "nothing": lambda lib: (of_plugins(lib, adds(), lambda context, callback: callback(None, None)), []),
    "bytes": lambda lib: (of_plugins(lib, adds(("b-bin", b"\0\xff"), ("text", b"x"), ("text", "y"))), []),
    "grpcio's class": lambda lib: (of_plugins(lib, AsGrpcioHasIt()), []),
    "error": lambda lib: (of_plugins(lib, fails), []),
    "error of the call": lambda lib: (tokens(lib, "a"), of_plugins(lib, fails_later)),
    "raised": lambda lib: (of_plugins(lib, raises), []),
    "raised after": lambda lib: (of_plugins(lib, adds_and_raises), []),
    "twice": lambda lib: (of_plugins(lib, calls_twice), []),
    "bad key": lambda lib: (of_plugins(lib, adds(("K", "v"))), []),
    "bad value": lambda lib: (of_plugins(lib, adds(("k", "v\n"))), []),
}


class Passing(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    def intercept_unary_unary(self, continuation, client_call_details, request):
        return continuation(client_call_details, request)

    intercept_unary_stream = intercept_stream_unary = intercept_stream_stream = intercept_unary_unary


def passing_aio():
    async def proceed(self, continuation, details, request):
        return await continuation(details, request)

    pairs = [(one, other) for one in ("Unary", "Stream") for other in ("Unary", "Stream")]
    return [
        type("Passing", (getattr(grpc.aio, f"{one}{other}ClientInterceptor"),), {
            f"intercept_{one.lower()}_{other.lower()}": proceed
        })()
        for one, other in pairs
    ]  # fmt: skip


def credentials(lib, pair, of_channel):
    secure = lib.ssl_channel_credentials(pair[1])
    return lib.composite_channel_credentials(secure, *of_channel) if of_channel else secure


def of_call(lib, given):
    if not given:
        return {}
    return {"credentials": given[0] if len(given) == 1 else lib.composite_call_credentials(*given)}


def seen_error(error):
    if isinstance(error, grpc.RpcError):
        return error.code().name, error.details()
    assert isinstance(error, runtime.CallError)
    return runtime.rpc_error(error).code().name, error.message


def multicallables(gen, way, channel, aio=False):
    """The methods of a stub or a client, callable alike; native ones take no credentials of a call."""
    if "client" not in way and "native" not in way:
        return gen.pb2_grpc.EchoStub(channel)
    client = channel.client(gen.connect.EchoClient if aio else gen.connect.EchoClientSync)
    methods = zip(KINDS, (client.say, client.repeat, client.join, client.chat), strict=True)
    if "native" in way:
        found = {kind: native(method) for kind, method in methods}
    else:
        wrap = (runtime.unary_unary, runtime.unary_stream, runtime.stream_unary, runtime.stream_stream)
        found = {kind: wrap[KINDS.index(kind)](method) for kind, method in methods}
    return type("Methods", (), {kind: staticmethod(method) for kind, method in found.items()})


def native(method):
    return lambda request, timeout, metadata: method(
        request, timeout_ms=int(timeout * 1000), headers=runtime.headers(metadata)
    )


def sync_channel(way, pair, port, of_channel):
    lib = grpc if way == "grpcio" else runtime
    channel = lib.secure_channel(f"127.0.0.1:{port}", credentials(lib, pair, of_channel), OPTIONS)
    return runtime.intercept_channel(channel, Passing()) if "intercepted" in way else channel


def observe(gen, way, pair, port, make):
    lib = grpc if way == "grpcio" else runtime
    of_channel, given = make(lib)
    if "native" in way and given:
        return None
    results = {}
    with sync_channel(way, pair, port, of_channel) as channel:
        methods = multicallables(gen, way, channel)
        for kind in KINDS:
            ask = gen.pb2.Ask(text="x")
            request = ask if kind in ("Say", "Repeat") else iter([ask])
            keywords = {"timeout": TIMEOUT_S, "metadata": (("own", "1"),), **of_call(lib, given)}
            try:
                answer = getattr(methods, kind)(request, **keywords)
                results[kind] = answer.text if hasattr(answer, "text") else [one.text for one in answer]
            except (grpc.RpcError, runtime.CallError) as error:
                results[kind] = seen_error(error)
    return results


@pytest.mark.parametrize("case", CASES)
def test_sync_calls(gen, pair, ports, case):
    setting.set("where it is made")
    expected, *others = (observe(gen, way, pair, ports[0], CASES[case]) for way in WAYS)
    for way, actual in zip(WAYS[1:], others, strict=True):
        assert actual in (expected, None), way
    if case == "plugin":
        assert f"('url', 'https://{NAME}/tests.v1.Echo'), ('method', 'Say')" in expected["Say"]


def aio_channel(way, pair, port, of_channel):
    interceptors = passing_aio() if "intercepted" in way else None
    if way == "grpcio":
        return grpc.aio.secure_channel(f"127.0.0.1:{port}", credentials(grpc, pair, of_channel), OPTIONS)
    made = credentials(runtime, pair, of_channel)
    return runtime.aio_secure_channel(f"127.0.0.1:{port}", made, OPTIONS, interceptors=interceptors)


async def observe_aio(gen, way, pair, port, make):
    lib = grpc if way == "grpcio" else runtime
    of_channel, given = make(lib)
    if "native" in way and given:
        return None
    results = {}
    async with aio_channel(way, pair, port, of_channel) as channel:
        methods = multicallables(gen, way, channel, aio=True)
        for kind in KINDS:
            ask = gen.pb2.Ask(text="x")

            async def asks(ask=ask):
                yield ask

            request = ask if kind in ("Say", "Repeat") else asks()
            keywords = {"timeout": TIMEOUT_S, "metadata": (("own", "1"),), **of_call(lib, given)}
            try:
                call = getattr(methods, kind)(request, **keywords)
                if kind in ("Say", "Join"):
                    results[kind] = (await call).text
                else:
                    results[kind] = [one.text async for one in call]
            except (grpc.RpcError, runtime.CallError) as error:
                results[kind] = seen_error(error)
    return results


@pytest.mark.parametrize("case", CASES)
def test_aio_calls(gen, pair, ports, case):
    setting.set("where it is made")

    async def act():
        return [await observe_aio(gen, way, pair, ports[0], CASES[case]) for way in WAYS]

    expected, *others = asyncio.run(act())
    for way, actual in zip(WAYS[1:], others, strict=True):
        assert actual in (expected, None), way


@pytest.mark.parametrize("way", WAYS)
def test_a_plugin_that_never_answers(gen, pair, ports, way):
    lib = grpc if way == "grpcio" else runtime
    channel = sync_channel(way, pair, ports[0], of_plugins(lib, never_answers))
    with channel:
        methods = multicallables(gen, way, channel)
        with pytest.raises((grpc.RpcError, runtime.CallError)) as caught:
            methods.Say(gen.pb2.Ask(), timeout=0.2, metadata=None)
        assert seen_error(caught.value) == ("DEADLINE_EXCEEDED", "Deadline Exceeded")
        with pytest.raises((grpc.RpcError, runtime.CallError)) as caught:
            list(methods.Repeat(gen.pb2.Ask(), timeout=0.2, metadata=None))
        assert seen_error(caught.value) == ("DEADLINE_EXCEEDED", "Deadline Exceeded")
        if "native" in way:
            return
        for call in (methods.Say.future(gen.pb2.Ask()), methods.Repeat(gen.pb2.Ask())):
            assert call.cancel()
            assert call.code().name == "CANCELLED"


@pytest.mark.parametrize("way", WAYS)
def test_a_plugin_that_never_answers_aio(gen, pair, ports, way):
    asked = threading.Event()

    def waits(context, callback):
        asked.set()

    async def act():
        lib = grpc if way == "grpcio" else runtime
        async with aio_channel(way, pair, ports[0], of_plugins(lib, waits)) as channel:
            methods = multicallables(gen, way, channel, aio=True)
            with pytest.raises((grpc.RpcError, runtime.CallError)) as caught:
                await methods.Say(gen.pb2.Ask(), timeout=0.2, metadata=None)
            assert seen_error(caught.value) == ("DEADLINE_EXCEEDED", "Deadline Exceeded")
            asked.clear()
            task = asyncio.ensure_future(say(methods))
            assert await asyncio.to_thread(asked.wait, TIMEOUT_S)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    async def say(methods):
        return await methods.Say(gen.pb2.Ask(), timeout=TIMEOUT_S, metadata=None)

    asyncio.run(act())


def test_a_plugin_does_not_block_the_loop(gen, pair, ports):
    ticked = threading.Event()

    def waits(context, callback):
        callback((("ticked", str(ticked.wait(TIMEOUT_S))),), None)

    async def act(way, lib):
        ticked.clear()
        async with aio_channel(way, pair, ports[0], of_plugins(lib, waits)) as channel:
            call = multicallables(gen, way, channel, aio=True).Say(gen.pb2.Ask(), timeout=TIMEOUT_S, metadata=None)
            asyncio.get_running_loop().call_later(0.05, ticked.set)
            return (await call).text

    for way in ("grpcio", "stub", "client", "native"):
        text = asyncio.run(act(way, grpc if way == "grpcio" else runtime))
        assert text == "[('ticked', 'True')]", way


@pytest.mark.parametrize("way", [way for way in WAYS if "native" not in way])
def test_plaintext_channels(gen, ports, way):
    lib = grpc if way == "grpcio" else runtime
    given = {"credentials": lib.access_token_call_credentials("secret"), "timeout": TIMEOUT_S}
    channel = lib.insecure_channel(f"127.0.0.1:{ports[1]}")
    if "intercepted" in way:
        channel = runtime.intercept_channel(channel, Passing())
    with channel:
        methods = multicallables(gen, way, channel)
        for kind in KINDS:
            request = gen.pb2.Ask() if kind in ("Say", "Repeat") else iter([gen.pb2.Ask()])
            with pytest.raises((grpc.RpcError, runtime.CallError)) as caught:
                list(getattr(methods, kind)(request, **given))
            assert seen_error(caught.value) == (
                "UNAUTHENTICATED",
                "Established channel does not have a sufficient security level to transfer call credential.",
            )


@pytest.mark.parametrize("way", ("grpcio", "stub", "client"))
def test_plaintext_channels_aio(gen, ports, way):
    async def act():
        channel = (grpc.aio.insecure_channel if way == "grpcio" else runtime.aio_insecure_channel)(
            f"127.0.0.1:{ports[1]}"
        )
        async with channel:
            methods = multicallables(gen, way, channel, aio=True)
            given = (grpc if way == "grpcio" else runtime).access_token_call_credentials("secret")
            for kind in KINDS:
                with pytest.raises(grpc.aio.UsageError, match="only valid on secure channels"):
                    getattr(methods, kind)(gen.pb2.Ask(), credentials=given)

    asyncio.run(act())


def test_call_credentials_of_grpcio_are_asked_by_their_plugins(gen, pair, ports, each_wire):
    theirs = grpc.composite_call_credentials(
        grpc.metadata_call_credentials(AsGrpcioHasIt()), grpc.access_token_call_credentials("a")
    )
    secure = runtime.ssl_channel_credentials(pair[1])
    with runtime.secure_channel(f"127.0.0.1:{ports[0]}", secure, OPTIONS) as channel:
        stub = gen.pb2_grpc.EchoStub(channel)
        shown = stub.Say(gen.pb2.Ask(), credentials=theirs, timeout=TIMEOUT_S).text
        assert "('authorization', 'Bearer a')" in shown.replace("_Metadatum", "").replace("key=", "").replace(
            "value=", ""
        )
        with pytest.raises((NotImplementedError, TypeError)):
            stub.Say(gen.pb2.Ask(), credentials="secret", timeout=TIMEOUT_S)
    client = gen.connect.EchoClientSync("https://127.0.0.1:1")
    with pytest.raises(NotImplementedError, match="made by a Channel"):
        runtime.unary_unary(client.say)(gen.pb2.Ask(), credentials=runtime.access_token_call_credentials("a"))


def test_credentials_of_both_kinds_make_grpcio_s(pair):
    ours, theirs = runtime.access_token_call_credentials("a"), grpc.access_token_call_credentials("b")
    secure = runtime.ssl_channel_credentials(pair[1])
    assert isinstance(runtime.composite_call_credentials(ours, theirs), grpc.CallCredentials)
    assert isinstance(runtime.composite_channel_credentials(secure, theirs), grpc.ChannelCredentials)
    assert isinstance(
        runtime.composite_channel_credentials(grpc.ssl_channel_credentials(), ours), grpc.ChannelCredentials
    )
    for made in (
        runtime.xds_channel_credentials(),
        runtime.xds_channel_credentials(secure),
        runtime.xds_channel_credentials(grpc.ssl_channel_credentials()),
        runtime.compute_engine_channel_credentials(ours),
        runtime.compute_engine_channel_credentials(theirs),
    ):
        assert isinstance(made, grpc.ChannelCredentials)
    with pytest.raises(NotImplementedError, match="made by this package"):
        runtime.composite_channel_credentials(secure, "secret")
    with pytest.raises(NotImplementedError, match="unset G2C_WIRE"):
        runtime.composite_channel_credentials("secret", ours)


def test_nothing_secret_is_shown():
    secure = runtime.composite_channel_credentials(
        runtime.ssl_channel_credentials(), runtime.access_token_call_credentials("secret")
    )
    assert "secret" not in repr(secure)
