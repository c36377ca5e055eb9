"""G2C810: the fixtures of pytest-grpc are the runtime's, under the same names.

    + from grpc2connect_runtime.testing.pytest_plugin import *  # noqa: F401, F403
      @pytest.fixture(scope="module")
      def grpc_add_to_server():
    -     return greeting_pb2_grpc.add_GreeterServicer_to_server
    +     return greeting_connect.GreeterASGIApplication

Why: pytest loads pytest-grpc's plugin by itself, with a server of grpcio and its channels. Fixtures in a `conftest.py`
or a test module go before those of a plugin, so where `grpc_add_to_server` is, the runtime's `grpc_server`,
`grpc_channel`, `grpc_stub` and the others come in too. The server is real, also under `--grpc-fake-server`.

Left: async tests ask for `grpc_stub`; it is that of another plugin, for `grpc.aio`.

Native form: a fixture with `testing.serving`.

Source: pytest-grpc 0.8; pytest, "Override a fixture on a folder (conftest) level".
"""

from __future__ import annotations

from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Left, Outcome, edits, rule, testing
from grpc2connect.rules_api.references import PluginFixture


@rule("G2C810", on=PluginFixture)
def plugin(use: PluginFixture) -> Iterator[Outcome]:
    """The fixtures of pytest-grpc are the runtime's, under the same names."""
    if use.askers:
        yield Left(
            f"the async {use.askers[0]} asks for what pytest-grpc has for sync tests only",
            advice="let fixtures of the project's own serve and ask, then run again",
        )
        return
    fixtures = edits.insert_before(use.module, use.node, testing("*", "pytest_plugin"))
    yield Bridged(fixtures, why="the native form is a fixture with testing.serving")
