"""Messages that grpcio-tools makes of a proto when the program runs."""

from __future__ import annotations

from types import ModuleType

__all__ = ["proto_messages"]


def proto_messages(path: str) -> ModuleType:
    """Return the module of messages of a proto, as `*_pb2.py` has them.

    Args:
        path: of the proto, from a folder of `sys.path`.

    Raises:
        NotImplementedError: grpcio-tools is not installed.
        ImportError: grpcio is not installed, or the proto is not found.

    From then on `import x_pb2` finds it too, which a generated `*_connect.py` beside the proto does.

    Native form: run protoc when the program is built, and import what it made.

    Source: `grpc.protos`, grpcio 1.85, which needs grpcio-tools.
    """
    from .wire.run_time_protos import messages

    return messages(path)
