"""Where in the path of a request the name of its method is."""

from __future__ import annotations

from typing import Any

__all__ = ["method_path"]


def method_path(scope: Any) -> str:
    """Return `/package.Service/Method`, wherever the application that gets the request is mounted.

    Args:
        scope: of an HTTP request. Its `root_path` is where the application is mounted: nowhere, at a prefix
            (`/api`), or at the path of one service (`/package.Service`, `/api/package.Service`).

    Source: ASGI 3.0, `root_path`: part of `path`, though some adapters of WSGI leave it out. Litestar 2.25 takes the
    prefix of a mount away, has no `root_path` for it, and puts a slash at the end; at the root the first slash goes.
    """
    path: str = "/" + scope["path"].strip("/")
    root: str = (scope.get("root_path") or "").rstrip("/")
    if not root:
        return path
    whole = path if path.startswith(f"{root}/") else root + path
    inner = whole.removeprefix(root)
    if inner.count("/") > 1:
        return inner
    return "/" + "/".join(whole.split("/")[-2:])
