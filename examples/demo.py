"""Migrates a shipped example in a scratch copy, runs the result, and calls it in three ways.

The copy `old` stays as it is: its client is the old gRPC client that the migrated server still has to serve.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[1] / "fixtures" / "projects" / "hello_flat"
RPC = "hello.flat.Greeter/SayHello"
REQUEST = {"name": "JSON"}
STARTS_WITHIN = 30.0
STEP_LIMIT = 120.0


class Failure(Exception):
    """A step that did not do what it should; the message is all that is shown."""


def main() -> int:
    """Run the demonstration; 0 if every step did what it should."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--keep", action="store_true", help="keep the scratch folder, and say where it is")
    keep = parser.parse_args().keep
    scratch = Path(tempfile.mkdtemp(prefix="grpc2connect-demo-"))
    try:
        demonstrate(scratch)
    except Failure as failure:
        print(f"\ndemo failed: {failure}", file=sys.stderr)
        return 1
    finally:
        if keep:
            print(f"\nkept: {scratch}")
        else:
            shutil.rmtree(scratch, ignore_errors=True)
    print("\ndone: one server, migrated to Connect, answered an old gRPC client, a migrated one and plain JSON")
    return 0


def demonstrate(scratch: Path) -> None:
    """All steps, in `scratch`."""
    old, new = scratch / "old", scratch / "new"
    heading(f"1. two scratch copies of {EXAMPLE.name}, the one to be migrated under git")
    for copy in (old, new):
        shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns("__pycache__", ".*_cache"))
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "before"]):
        run(["git", "-c", "user.name=demo", "-c", "user.email=demo@example.invalid", *command], new, show=False)

    heading("2. grpc2connect diff: what would change (exit code 1 says: something would)")
    grpc2connect("diff", new, expect=1)

    heading("3. grpc2connect migrate: write it")
    grpc2connect("migrate", new, expect=0)

    heading("4. the same answer three times from the migrated server")
    port, connect = free_port(), free_port()
    with server(new, port, connect):
        first = run([sys.executable, "client.py", f"127.0.0.1:{port}", "Ada"], old, title="old gRPC client, as it was")
        second = run([sys.executable, "client.py", f"127.0.0.1:{port}", "Ada"], new, title="migrated client")
        if first != second:
            raise Failure("the old and the migrated client did not print the same")
        post_json(connect)


def heading(text: str) -> None:
    """Announce a step."""
    print(f"\n=== {text}", flush=True)


def grpc2connect(command: str, folder: Path, expect: int) -> None:
    """Run the tool on `folder`; its output goes straight to the terminal."""
    # The runtime is installed here; written into the project (the default), it would be most of the diff.
    options = ["--runtime", "package"]
    run([sys.executable, "-m", "grpc2connect", command, ".", *options], folder, expect=expect, capture=False)


def run(
    command: list[str], folder: Path, *, title: str = "", expect: int = 0, show: bool = True, capture: bool = True
) -> str:
    """Run `command` and hand back what it printed; anything but the expected exit code is a failure."""
    if show:
        words = shlex.join(["python" if word == sys.executable else word for word in command])
        print(f"{f'{title}: ' if title else ''}[{folder.name}]$ {words}", flush=True)
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdout=subprocess.PIPE if capture else None,
            stderr=subprocess.STDOUT if capture else None,
            text=True,
            timeout=STEP_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Failure(f"{shlex.join(command)} did not end within {STEP_LIMIT:.0f} s") from None
    except OSError as problem:
        raise Failure(f"{command[0]}: {problem.strerror}; install it and run again") from None
    output = done.stdout or ""
    if show and output:
        print("    " + output.rstrip().replace("\n", "\n    "), flush=True)
    if done.returncode != expect:
        raise Failure(f"{shlex.join(command)} ended with exit code {done.returncode}, not {expect}\n{output}")
    return output


@contextlib.contextmanager
def server(folder: Path, port: int, connect: int) -> Iterator[None]:
    """The migrated server, up for the time of the block: gRPC on the port it always had, Connect on another."""
    address = f"127.0.0.1:{connect}"
    print(f"[{folder.name}]$ G2C_CONNECT_ADDRESS={address} python server.py {port} &", flush=True)
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "server.py", str(port)],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "G2C_CONNECT_ADDRESS": address},
        )
        try:
            try:
                wait_for(port, process)
            except Failure as failure:
                log.seek(0)
                raise Failure(f"{failure}\n{log.read()}") from None
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return when the port accepts connections."""
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Failure(f"the server ended with exit code {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise Failure(f"the server did not listen on port {port} within {STARTS_WITHIN:.0f} s")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def post_json(port: int) -> None:
    """A Connect call as any HTTP client can make it."""
    url, body = f"http://127.0.0.1:{port}/{RPC}", json.dumps(REQUEST)
    print(f"plain Connect JSON: $ curl -H 'Content-Type: application/json' -d '{body}' {url}", flush=True)
    request = urllib.request.Request(url, body.encode(), {"Content-Type": "application/json"})
    # Straight to the port, whatever proxy the environment names.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as answer:
            text = answer.read().decode()
    except (OSError, http.client.HTTPException) as problem:
        raise Failure(f"the JSON request failed: {problem!r}") from None
    print(f"    {text}", flush=True)
    if REQUEST["name"] not in text:
        raise Failure("the JSON answer is not the one expected")


if __name__ == "__main__":
    sys.exit(main())
