"""Call credentials: metadata that is made anew for each call, and sent over TLS only."""

from __future__ import annotations

import abc
import contextvars
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any, NamedTuple

from .unmoved import adopt, grpc_module

__all__ = [
    "AuthMetadataContext",
    "AuthMetadataPlugin",
    "AuthMetadataPluginCallback",
    "CallCredentials",
    "access_token_call_credentials",
    "metadata_call_credentials",
]

_log = logging.getLogger(__name__)


class AuthMetadataContext(NamedTuple):
    """The call that a plugin is asked for.

    Attributes:
        service_url: `https://host:port/package.Service`, without the port if it is 443.
        method_name: the name of the RPC, without its service.

    Native form: `ctx.method` of a connectrpc interceptor.

    Source: `grpc.AuthMetadataContext`, grpcio 1.85.
    """

    service_url: str
    method_name: str


class AuthMetadataPluginCallback(abc.ABC):
    """Takes what a plugin has made, from any thread, once.

    Native form: the headers that a connectrpc interceptor adds.

    Source: `grpc.AuthMetadataPluginCallback`, grpcio 1.85.
    """

    @abc.abstractmethod
    def __call__(self, metadata: Any, error: Any) -> None:
        """Go on with a call.

        Args:
            metadata: pairs of key and value, or None for none.
            error: why there is no metadata, which ends the call with UNAVAILABLE; or None.

        Raises:
            RuntimeError: it has been called before, or the plugin has raised an exception.
        """


class AuthMetadataPlugin(abc.ABC):
    """Makes metadata for each call; any callable with the same arguments does as well.

    Native form: a connectrpc interceptor that sets `ctx.request_headers`. Go there where making the metadata does not
    block, or has an `async` form.

    Source: `grpc.AuthMetadataPlugin`, grpcio 1.85.
    """

    @abc.abstractmethod
    def __call__(self, context: AuthMetadataContext, callback: AuthMetadataPluginCallback) -> None:
        """Call `callback(metadata, error)`, before or after this returns."""


class _Callback(AuthMetadataPluginCallback):
    def __init__(self, answer: futures.Future[Any]) -> None:
        adopt(_Callback, "AuthMetadataPluginCallback")
        self._answer = answer
        self._lock = threading.Lock()
        self._called = False
        self._raised: BaseException | None = None

    def __call__(self, metadata: Any, error: Any) -> None:
        with self._lock:
            if self._raised is not None:
                raise RuntimeError(f'AuthMetadataPluginCallback raised exception "{self._raised}"!')
            if self._called:
                raise RuntimeError("AuthMetadataPluginCallback invoked more than once!")
            self._called = True
        self._end((None if error is None else str(error), metadata))

    def plugin_raised(self, error: BaseException) -> None:
        """End the call, if the plugin had not gone on with it before."""
        with self._lock:
            self._raised = error
            if self._called:
                return
        self._end((str(error), None))

    def _end(self, answer: tuple[str | None, Any]) -> None:
        # A call that has ended meanwhile has cancelled its question.
        if self._answer.set_running_or_notify_cancel():
            self._answer.set_result(answer)


class _Plugin:
    """A plugin with the context variables that it is called with: those of the place where it was given."""

    def __init__(self, plugin: Callable[..., Any]) -> None:
        self._plugin = plugin
        self._context = contextvars.copy_context()

    def ask(self, context: AuthMetadataContext) -> futures.Future[tuple[str | None, Any]]:
        """Call the plugin in a thread of its own; the result is what it answers: an error or None, and metadata."""
        adopt(AuthMetadataContext, "AuthMetadataContext")
        answer: futures.Future[tuple[str | None, Any]] = futures.Future()
        arguments = (self._call, context, _Callback(answer))
        thread = threading.Thread(
            target=self._context.copy().run, args=arguments, name="rpc-call-credentials", daemon=True
        )
        thread.start()
        return answer

    def _call(self, context: AuthMetadataContext, callback: _Callback) -> None:
        try:
            self._plugin(context, callback)
        except BaseException as error:
            _log.exception('AuthMetadataPluginCallback "%s" raised exception!', self._plugin)
            callback.plugin_raised(error)


class CallCredentials:
    """What makes metadata for each call; made by `metadata_call_credentials` and its kin.

    Native form: a connectrpc interceptor that sets `ctx.request_headers`.

    Source: `grpc.CallCredentials`, grpcio 1.85.
    """

    def __init__(self, plugins: tuple[_Plugin, ...]) -> None:
        """Ask these plugins, one after the other; made by the functions of this module."""
        self.plugins = plugins


def metadata_call_credentials(metadata_plugin: Callable[..., Any], name: str | None = None) -> CallCredentials:
    """Return call credentials that ask a plugin before each call.

    Args:
        metadata_plugin: called in a thread of its own as `plugin(context, callback)`, see `AuthMetadataPlugin`.
        name: of the plugin; not used, as in grpcio but for its traces.

    Native form: a connectrpc interceptor that sets `ctx.request_headers`.

    Source: `grpc.metadata_call_credentials`, grpcio 1.85.
    """
    return CallCredentials((_Plugin(metadata_plugin),))


def access_token_call_credentials(access_token: str) -> CallCredentials:
    """Return call credentials that send `authorization: Bearer TOKEN`.

    Native form: the header, by a connectrpc interceptor or with each call.

    Source: `grpc.access_token_call_credentials`, grpcio 1.85.
    """

    def bearer(context: AuthMetadataContext, callback: AuthMetadataPluginCallback) -> None:
        callback((("authorization", f"Bearer {access_token}"),), None)

    return metadata_call_credentials(bearer)


def require_call_credentials(credentials: Any) -> CallCredentials:
    """Return call credentials of this package; grpcio's, which code elsewhere has made, are asked by their plugins.

    Raises:
        NotImplementedError: they are neither.
    """
    if isinstance(credentials, CallCredentials):
        return credentials
    if is_grpcio_call_credentials(credentials):
        plugins = tuple(_plugins(getattr(credentials, "_credentials", None)))
        if plugins and None not in plugins:
            return CallCredentials(tuple(_Plugin(plugin) for plugin in plugins))
    raise NotImplementedError(
        "only call credentials made by this package or by grpcio's functions are supported, not "
        f"{type(credentials).__module__}.{type(credentials).__qualname__}: make them by metadata_call_credentials()"
    )


def _plugins(core: Any) -> Iterator[Any]:
    """The plugins of grpcio's credentials, which it calls with the same arguments; None for what is no plugin."""
    parts = getattr(core, "_call_credentialses", None)
    if parts is None:
        yield getattr(getattr(core, "_metadata_plugin", None), "_metadata_plugin", None)
    else:
        for part in parts:
            yield from _plugins(part)


def is_grpcio_call_credentials(credentials: Any) -> bool:
    """Whether these are a `grpc.CallCredentials`."""
    grpc = grpc_module()
    return grpc is not None and isinstance(credentials, grpc.CallCredentials)


def composed(*call_credentials: CallCredentials) -> CallCredentials:
    """Return call credentials that add what each of these adds.

    Raises:
        NotImplementedError: one of them was made neither by this package nor by grpcio's functions.
    """
    return CallCredentials(
        tuple(plugin for one in call_credentials for plugin in require_call_credentials(one).plugins)
    )
