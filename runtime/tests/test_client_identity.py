"""Who the client is, as a handler sees it: next to grpcio, over plaintext, TLS and mutual TLS."""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import subprocess
from concurrent import futures

import grpc
import pytest
from serving import FLAVOURS, Loop
from versions import needs

import grpc2connect_runtime as runtime
from grpc2connect_runtime import connections

pytestmark = pytest.mark.usefixtures("each_wire")
TIMEOUT_S = 10
METHOD = "/identity.Identity/Show"
# What the ssl module tells only from Python 3.13 and 3.15 on.
SINCE = {"x509_pem_cert_chain": "get_unverified_chain", "ssl_negotiated_key_exchange_group": "group"}
UNKNOWN = [key for key, name in SINCE.items() if not hasattr(ssl.SSLObject, name)]
CLIENTS = {
    "common name": ("/CN=ada", None),
    "odd subject": ('/C=DE/O=Rails; <and> "signals"+OU=x\\, y/emailAddress=a@b.example/CN=#ada \\+ sons \xe9 ', None),
    "several common names": ("/CN=first/CN=second", None),
    "an attribute that is rare": ("/CN=ada/businessCategory=music", None),
    "no common name": ("/O=Rails", "URI:spiffe://rails.example/ada"),
    "all alternative names": (
        "/CN=ada",
        "DNS:a.example,DNS:*.b.example,URI:spiffe://rails.example/ada,URI:https://c.example,email:ada@d.example,"
        "IP:192.0.2.1,IP:2001:db8::1,RID:1.2.3.4,otherName:1.2.3.4;UTF8:other",
    ),
    "no spiffe id": ("/CN=ada", "URI:spiffe://rails.example"),
}


class Authority:
    """Issues certificates with openssl."""

    def __init__(self, folder):
        self.folder = folder
        self.number = 0
        self.root = self.issue("/CN=root", "basicConstraints=critical,CA:TRUE", None)
        self.middle = self.issue("/CN=middle", "basicConstraints=critical,CA:TRUE", self.root)

    def issue(self, subject, extensions, issuer):
        self.number += 1
        path = self.folder / f"{self.number}"
        path.with_suffix(".ext").write_text(extensions)
        command = ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-utf8"]
        run(*command, "-subj", subject, "-multivalue-rdn", "-keyout", f"{path}.key", "-out", f"{path}.csr")
        signed_by = (
            ["-signkey", f"{path}.key"] if issuer is None else ["-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key"]
        )
        serial = ["-set_serial", str(self.number), "-days", "2", "-extfile", f"{path}.ext"]
        run("openssl", "x509", "-req", "-in", f"{path}.csr", *signed_by, *serial, "-out", f"{path}.pem")
        return path

    def pair(self, subject, alternatives, issuer):
        extensions = "extendedKeyUsage=clientAuth,serverAuth"
        if alternatives:
            extensions += f"\nsubjectAltName={alternatives}"
        path = self.issue(subject, extensions, issuer)
        return read(f"{path}.key"), read(f"{path}.pem")


def run(*command):
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("needs openssl")


def read(path):
    with open(path, "rb") as file:
        return file.read()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server_pair(authority):
    return authority.pair("/CN=localhost", "DNS:localhost,IP:127.0.0.1", authority.root)


@pytest.fixture(scope="module")
def roots(authority):
    return read(f"{authority.root}.pem")


def seen_of(context):
    return context.auth_context(), context.peer_identity_key(), context.peer_identities()


def handlers(flavour, seen):
    def show(request, context):
        seen.append(seen_of(context))
        return b""

    async def aio_show(request, context):
        return show(request, context)

    method = grpc.unary_unary_rpc_method_handler(show if flavour == "sync" else aio_show)
    return grpc.method_handlers_generic_handler("identity.Identity", {"Show": method})


@contextlib.contextmanager
def serving(library, flavour, seen, credentials):
    """The ports of a server: plaintext, and one for each of `credentials`."""
    with Loop() as loop, futures.ThreadPoolExecutor(2) as pool:

        async def aio_start():
            server = grpc.aio.server() if library is grpc else runtime.AioServer()
            ports = add(server)
            await server.start()
            return server, ports

        def add(server):
            server.add_generic_rpc_handlers((handlers(flavour, seen),))
            secure = [
                server.add_secure_port("localhost:0", library.ssl_server_credentials(*arguments))
                for arguments in credentials
            ]
            return server.add_insecure_port("localhost:0"), *secure

        if flavour == "aio":
            server, ports = loop.run(aio_start())
            yield ports
            loop.run(server.stop(None))
        else:
            server = grpc.server(pool) if library is grpc else runtime.Server(pool)
            ports = add(server)
            server.start()
            yield ports
            server.stop(None).wait(TIMEOUT_S)


def call(channel):
    with channel:
        channel.unary_unary(METHOD)(b"", timeout=TIMEOUT_S)


@needs("grpcio", "1.85", "it told less of a connection")
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_the_client_is_seen_as_by_grpcio(flavour, each_wire, authority, server_pair, roots):
    plain_tls, mutual = ([server_pair],), ([server_pair], roots, True)
    pairs = {name: authority.pair(*wanted, authority.root) for name, wanted in CLIENTS.items()}
    key, certificate = authority.pair("/CN=ada", None, authority.middle)
    pairs["through another authority"] = key, certificate + read(f"{authority.middle}.pem")
    everything = {}
    for library in (grpc, runtime):
        seen = []
        with serving(library, flavour, seen, [plain_tls, mutual]) as (plaintext, tls, mtls):
            call(grpc.insecure_channel(f"localhost:{plaintext}"))
            call(grpc.secure_channel(f"localhost:{tls}", grpc.ssl_channel_credentials(roots)))
            for pair in pairs.values():
                call(grpc.secure_channel(f"localhost:{mtls}", grpc.ssl_channel_credentials(roots, *pair)))
            with pytest.raises(grpc.RpcError):
                call(grpc.secure_channel(f"localhost:{mtls}", grpc.ssl_channel_credentials(roots)))
        everything[library] = dict(zip(("plaintext", "tls", *pairs), seen, strict=True))
    if each_wire == "connect":
        rare = everything[grpc]["an attribute that is rare"][0]
        assert rare.pop("x509_subject") == [b"businessCategory=music,CN=ada"]
    for name, (expected, key, identities) in everything[grpc].items():
        for unknown in UNKNOWN if each_wire == "connect" else ():
            expected.pop(unknown, None)
        assert everything[runtime][name] == (expected, key, identities), name
    assert everything[runtime]["all alternative names"][1] == "x509_subject_alternative_name"
    assert everything[runtime]["common name"][1:] == ("x509_common_name", [b"ada"])
    assert everything[runtime]["tls"][1:] == (None, None)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_the_runtimes_own_channel_identifies_itself(flavour, authority, server_pair, roots):
    seen = []
    pair = authority.pair("/CN=ada", "DNS:ada.example", authority.root)
    with serving(runtime, flavour, seen, [([server_pair], roots, True)]) as (_, port):
        call(runtime.secure_channel(f"localhost:{port}", runtime.ssl_channel_credentials(roots, *pair)))
    assert seen[0][2] == [b"ada.example"]


@pytest.mark.parametrize("handlers", FLAVOURS)
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_moved_handlers_of_all_kinds_see_the_client(flavour, handlers, gen, authority, server_pair, roots):
    seen = []

    def note(context):
        seen.append((type(context), *seen_of(context)[1:]))
        return gen.pb2.Answer(text="ok")

    class Sync(gen.connect.EchoSync):
        def say(self, request, context):
            return note(context)

        def repeat(self, request, context):
            yield note(context)

        def join(self, requests, context):
            list(requests)
            return note(context)

        def chat(self, requests, context):
            for _ in requests:
                yield note(context)

    class Aio(gen.connect.Echo):
        async def say(self, request, context):
            return note(context)

        async def repeat(self, request, context):
            yield note(context)

        async def join(self, requests, context):
            async for _ in requests:
                pass
            return note(context)

        async def chat(self, requests, context):
            async for _ in requests:
                yield note(context)

    pair = authority.pair("/CN=ada", None, authority.root)
    with Loop() as loop, futures.ThreadPoolExecutor(2) as pool:

        def add(server):
            server.add_service(gen.connect.EchoASGIApplication, Sync() if handlers == "sync" else Aio())
            credentials = runtime.ssl_server_credentials([server_pair], roots, True)
            return server, server.add_secure_port("localhost:0", credentials)

        async def aio_start():
            server, port = add(runtime.AioServer())
            await server.start()
            return server, port

        if flavour == "sync":
            server, port = add(runtime.Server(pool))
            server.start()
        else:
            server, port = loop.run(aio_start())
        credentials = grpc.ssl_channel_credentials(roots, *pair)
        with grpc.secure_channel(f"localhost:{port}", credentials) as channel:
            stub, ask = gen.pb2_grpc.EchoStub(channel), gen.pb2.Ask(text="x")
            stub.Say(ask, timeout=TIMEOUT_S)
            list(stub.Repeat(ask, timeout=TIMEOUT_S))
            stub.Join(iter([ask]), timeout=TIMEOUT_S)
            list(stub.Chat(iter([ask]), timeout=TIMEOUT_S))
        if flavour == "sync":
            server.stop(None).wait(TIMEOUT_S)
        else:
            loop.run(server.stop(None))
    kind = runtime.ServicerContext if handlers == "sync" else runtime.AioServicerContext
    assert [issubclass(one, kind) for one, _, _ in seen] == [True] * 4
    assert [identity for _, *identity in seen] == [["x509_common_name", [b"ada"]]] * 4


@pytest.mark.connect_wire
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_resumed_session_keeps_the_client(flavour, authority, server_pair, roots):
    seen = []
    key, certificate = authority.pair("/CN=ada", None, authority.root)
    context = ssl.create_default_context(cadata=roots.decode())
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # Python 3.13 asks for key usages, which these roots do not have.
    pair = authority.folder / "resuming.pem"
    pair.write_bytes(key + certificate)
    context.load_cert_chain(pair)
    session = None
    with serving(runtime, flavour, seen, [([server_pair], roots, True)]) as (_, port):
        for _ in range(2):
            with (
                socket.create_connection(("localhost", port), timeout=TIMEOUT_S) as plain,
                context.wrap_socket(plain, server_hostname="localhost", session=session) as connection,
            ):
                connection.sendall(
                    f"POST {METHOD} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/proto\r\n"
                    "Content-Length: 0\r\n\r\n".encode()
                )
                assert connection.recv(100).startswith(b"HTTP/1.1 200")
                session = connection.session
    assert [context["ssl_session_reused"] for context, _, _ in seen] == [[b"false"], [b"true"]]
    assert [identities for _, _, identities in seen] == [[b"ada"]] * 2


@pytest.mark.connect_wire
def test_another_hypercorn_is_left_alone_and_said_to_be(monkeypatch, caplog):
    monkeypatch.setattr(connections.hypercorn_run, "TCPServer", object)
    with caplog.at_level(logging.WARNING):
        assert connections.extend_connections.__wrapped__() is False
    assert "who their clients are" in caplog.text
    assert connections.hypercorn_run.TCPServer is object
