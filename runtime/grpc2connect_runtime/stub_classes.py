"""What stands for the class of a stub whose colour shows only when it is called."""

from __future__ import annotations

from typing import Any

from connectrpc.client import ConnectClient, ConnectClientSync

__all__ = ["CLIENTS", "StubClass", "stub_class"]

CLIENTS = (ConnectClient, ConnectClientSync)
"""What generated clients derive from."""


class StubClass:
    """Both clients of a service; made by `stub_class`."""

    def __init__(self, client_class: Any, aio_class: Any) -> None:
        """Keep the generated classes."""
        self.client_class = client_class
        self.aio_class = aio_class
        self.__name__ = client_class.__name__

    def __call__(self, channel: Any) -> Any:
        """Return a client on a channel; as `client_on`."""
        from .foreign_channels import client_on

        return client_on(channel, self.client_class, self.aio_class)

    def __instancecheck__(self, instance: object) -> bool:
        """Return whether an object is one of the two clients, as `isinstance` asks."""
        return isinstance(instance, (self.client_class, self.aio_class))


def stub_class(client_class: Any, aio_class: Any) -> Any:
    """Return what takes the place of the class of a stub that goes as a value, for sync and for async channels.

    A test may have put something else in the place of one of the two: that is returned, for either kind of channel.

    Args:
        client_class: the generated `XClientSync`.
        aio_class: the generated `XClient`.

    It is called with a channel, as the stub's class was, or given to `channel.client`.

    Native form: one of the two classes, where it is known which.

    Source: generated stubs (grpcio-tools 1.85).
    """
    for one in (client_class, aio_class):
        if not is_client_class(one):
            return one
    return StubClass(client_class, aio_class)


def is_client_class(value: Any) -> bool:
    """Whether a value is the class of a generated client."""
    return isinstance(value, type) and issubclass(value, CLIENTS)


def of_colour(client_class: Any, *, aio: bool) -> Any:
    """Return the class of one colour; any other class as it is."""
    if isinstance(client_class, StubClass):
        return client_class.aio_class if aio else client_class.client_class
    return client_class
