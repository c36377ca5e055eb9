"""Names of RPCs in code are told from the same words in prose."""

from __future__ import annotations

import pytest

from grpc2connect.relevance.speaking import speaks_of

NAMES = frozenset({b"Get", b"SayHello"})


@pytest.mark.parametrize(
    "code",
    [
        "x.Get(1)",
        "x.inner().Get",
        "x. \\\n    Get(1)",
        "(x.  # why\n    Get)(1)",
        "(x\n    # why\n    .Get)(1)",
        "class Fake:\n    async def Get(self, request): pass",
        "class Get: pass",
        "Get = make()",
        "x = Mock(Get=1)",
        "Get: object = make()",
        "getattr(x, 'Get')(1)",
        "patch('lib.clients.stub.Get')",
        "channel.unary_unary('/lib.Clients/Get')",
        "spec = ['Get']",
        "f'{x.Get(1)}'",
        "exec('y = x.Get(1)')",
        "# Get\nx.Get(1)",
        "x.SayHello(",
        "del x.Get",
    ],
)
def test_code_speaks_of_rpcs(code: str) -> None:
    assert speaks_of(code.encode(), NAMES)


@pytest.mark.parametrize(
    "code",
    [
        "",
        "x.Getter(1)",
        "# x.Get(1)",
        '"""Get what x.Get(1) gives.\n\nGet: all of it. Get = it."""',
        "def f():\n    '''Looks. Get it'''\n    return 1",
        "raise Error('No. Get another, then')",
        "log.info('Wait: %s. Get on', 1)",
        "from typing import Get",
        "def f(x: 'list[Get]') -> Get: pass",
    ],
)
def test_prose_and_imported_names_do_not(code: str) -> None:
    assert not speaks_of(code.encode(), NAMES)


def test_without_names_nothing_speaks() -> None:
    assert not speaks_of(b"x.Get(1)", frozenset())
