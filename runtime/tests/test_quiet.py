"""Migrated programs say no more than they did: grpcio logs nothing when it starts, serves and stops."""

from __future__ import annotations

import logging

import pytest
from connectrpc.errors import ConnectError
from servicers import Seen
from serving import FLAVOURS, grpcio_server, runtime_server

import grpc2connect_runtime as runtime
from grpc2connect_runtime import serving


@pytest.mark.parametrize("serve", (grpcio_server, runtime_server))
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_nothing_is_logged_at_info(gen, caplog, serve, flavour):
    with (
        caplog.at_level(logging.INFO),
        serve(gen, flavour, Seen()) as port,
        runtime.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        client = channel.client(gen.connect.EchoClientSync)
        assert client.say(gen.pb2.Ask(text="fine")).text == "fine"
    assert [record.getMessage() for record in caplog.records] == []


@pytest.mark.usefixtures("each_wire")
@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("text", ("abort", "abort with trailers", "rich raised"))
def test_the_end_of_a_call_that_a_handler_chose_is_not_logged(gen, caplog, flavour, text):
    with (
        caplog.at_level(logging.INFO),
        runtime_server(gen, flavour, Seen()) as port,
        runtime.insecure_channel(f"127.0.0.1:{port}") as channel,
        pytest.raises(ConnectError),
    ):
        channel.client(gen.connect.EchoClientSync).say(gen.pb2.Ask(text=text))
    assert [record.getMessage() for record in caplog.records] == []


def test_what_goes_wrong_is_still_logged(caplog):
    log = serving._Config.errorlog
    with caplog.at_level(logging.INFO):
        log.warning("low on sockets")
        log.error("broken")
    assert [record.getMessage() for record in caplog.records] == ["low on sockets", "broken"]
    assert logging.getLogger("hypercorn.error").level == logging.NOTSET
