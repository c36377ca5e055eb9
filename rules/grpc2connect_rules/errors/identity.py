"""G2C607: an error that is compared with a call is asked for its call.

      except grpc.RpcError as error:
    -     if error is self.stream:
    + except ConnectError as error:
    +     if call_of(error) is self.stream:

Why: in grpcio's sync API a failed call is its own error, and programs tell by that whether their stream has ended or
something else in the `try` has failed. A Connect error is an object of its own.

Bridged: always. What is no error of a moved call is returned as it is; errors of grpcio are calls themselves.

Native form: a `try` around nothing but the iteration.

Source: `grpc._channel._MultiThreadedRendezvous`, which is `grpc.RpcError` and `grpc.Call` (grpcio 1.85).
"""

from __future__ import annotations

from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Outcome, edits, rule, runtime
from grpc2connect.rules_api.references import ErrorIdentity


@rule("G2C607", on=ErrorIdentity)
def compared(use: ErrorIdentity) -> Iterator[Outcome]:
    """An error that is compared with a call is asked for its call."""
    yield Bridged(
        edits.wrap(use.module, use.error, (runtime("call_of"), "("), ")"),
        why="a failed call is no longer its own error",
    )
