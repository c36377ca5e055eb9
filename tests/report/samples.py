"""Results made by hand, for the tests of everything that consumes them."""

from __future__ import annotations

from pathlib import Path

from grpc2connect.results import Audit, Entry, FileChange, FileError, Finding, Place, RunResult, Severity, State

ROOT = Path("/project")
SERVER = ROOT / "server.py"
CLIENT = ROOT / "pkg" / "client.py"
GREETER = "helloworld.Greeter"
ECHO = "echo.Echo"


def entry(
    path: Path = SERVER,
    line: int = 1,
    state: State = State.NATIVE,
    *,
    units: tuple[str, ...] = (GREETER,),
    behaviour: bool = True,
    why: str = "",
    text: str = "context.abort(code, 'no')",
    evidence: tuple[str, ...] = (),
) -> Entry:
    return Entry(Place(path, line, 5), "ContextCall", "G2C201", state, text, units, behaviour, why, evidence)


def result() -> RunResult:
    """Two files, two services, all three states, a finding and an error."""
    return RunResult(
        root=ROOT,
        changes=(
            FileChange(SERVER, b"import grpc\n", b"import connectrpc\n", (GREETER,)),
            FileChange(ROOT / "hello_connect.py", None, b"# generated\n", (GREETER,)),
        ),
        ledger=(
            entry(line=1, behaviour=False, text="import grpc"),
            entry(line=4),
            entry(line=9, state=State.BRIDGED, why="status is only known at run time"),
            entry(CLIENT, 3, State.LEFT, units=(ECHO, GREETER), text="grpc.foo(List[int])", why="channelz"),
        ),
        findings=(
            Finding("G2C305", Place(SERVER, 9, 1), "the port newly accepts JSON", "set protocols=", unit=GREETER),
            Finding("G2C410", Place(CLIENT, 7, 2), "option dropped: a,b: 100%", severity=Severity.WARNING),
        ),
        errors=(FileError(ROOT / "bad.py", "G2C002", "does not parse: line 3", "correct it and run again"),),
        audit=Audit(4, 4),
        files_seen=3,
        files_parsed=2,
    )
