"""What a run has finished before it was ended is there for the next one, and nothing comes out differently for that."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from grpc2connect import cache, kept
from grpc2connect.cli.engine import InstalledEngine
from grpc2connect.engine import analyse
from grpc2connect.kept import Logs, Parts
from grpc2connect.options import Options
from grpc2connect.results import RunResult
from grpc2connect.rules_api import Registry, load
from grpc2connect.rules_api.registry import Rule
from tests.programs.conftest import Program, program

__all__ = ["program"]

USE = "import grpc\n\nimport greeting_pb2_grpc\n\nstub = greeting_pb2_grpc.GreeterStub(grpc.insecure_channel('a:1'))\n"
NAMES = ("a.py", "b.py", "c.py", "z.py")


@pytest.fixture
def several(program: Program) -> Program:
    for name in NAMES:
        program.write(name, USE)
    return program


def options(program: Program) -> Options:
    return Options(program.folder, (program.folder,))


def watched(asked: set[str], deadly: str = "") -> Registry:
    """The rules, which note the files that they are asked about, and end the process at one of them."""

    def watching(one: Rule) -> Rule:
        def function(reference):  # type: ignore[no-untyped-def]
            name = reference.module.path.name
            asked.add(name)
            if name == deadly:
                os.kill(os.getpid(), signal.SIGKILL)
            yield from one.function(reference)

        return replace(one, function=function)

    return Registry([watching(one) for one in load().rules])


def killed(program: Program, parts: Path, at: str) -> None:
    """A run that is killed when rules are asked about a file."""
    child = os.fork()
    if child == 0:
        try:
            analyse(options(program), rules=watched(set(), at), parts=Logs(parts))
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def again(program: Program, parts: Path) -> tuple[RunResult, set[str]]:
    """Another run, and the files about which it asked the rules."""
    asked: set[str] = set()
    return analyse(options(program), rules=watched(asked), parts=Logs(parts)), asked


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a fork")


@needs_fork
def test_a_killed_run_goes_on(several: Program, tmp_path_factory: pytest.TempPathFactory) -> None:
    parts = tmp_path_factory.mktemp("parts") / "run"
    fresh = analyse(options(several))
    killed(several, parts, "c.py")
    result, asked = again(several, parts)
    assert result == fresh
    assert asked == {"c.py", "z.py"}
    result, asked = again(several, parts)
    assert (result, asked) == (fresh, set())


@needs_fork
def test_what_has_changed_is_not_taken(several: Program, tmp_path_factory: pytest.TempPathFactory) -> None:
    parts = tmp_path_factory.mktemp("parts") / "run"
    killed(several, parts, "z.py")
    several.write("b.py", USE + "print(stub)\n")
    fresh = analyse(options(several))
    result, asked = again(several, parts)
    assert result == fresh
    assert asked == set(NAMES)


@needs_fork
@pytest.mark.parametrize("harm", ["cut", "bits", "nonsense", "head"])
def test_what_is_broken_is_made_again(several: Program, tmp_path_factory: pytest.TempPathFactory, harm: str) -> None:
    parts = tmp_path_factory.mktemp("parts") / "run"
    fresh = analyse(options(several))
    killed(several, parts, "z.py")
    (log,) = parts.iterdir()
    data = bytearray(log.read_bytes())
    match harm:
        case "cut":
            log.write_bytes(data[:-7])
        case "bits":
            data[len(data) // 2] ^= 4
            log.write_bytes(data)
        case "nonsense":
            log.write_bytes(b"nonsense" * 100)
        case _:
            log.write_bytes(data[:10])
    result, asked = again(several, parts)
    assert result == fresh
    assert "z.py" in asked and (asked == set(NAMES) or harm in ("cut", "bits"))


def test_an_interrupted_command_goes_on_and_then_forgets(
    several: Program, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path_factory.mktemp("cache")
    fresh = InstalledEngine().run(options(several))
    monkeypatch.setenv(cache.VARIABLE, str(home))

    def interrupt(stage: str, done: int, total: int) -> None:
        if stage == "rewrite":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        InstalledEngine().run(options(several), interrupt)
    (run,) = (home / cache.PARTS).iterdir()
    assert [path.stat().st_size > 0 for path in run.iterdir()] == [True]
    assert InstalledEngine().run(options(several)) == fresh
    assert not run.exists()


def test_runs_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    one, other = Logs(tmp_path / "run"), Logs(tmp_path / "run")
    for log, text in ((one, b"one"), (other, b"other"), (one, b"more")):
        log.put(text.decode(), text)
    for log in (one, other):
        log.look()
        assert [log.get(name) for name in ("one", "other", "more", "none")] == [b"one", b"other", b"more", None]
    assert one.about("another program").get("one") is None
    assert Parts().get("one") is None


def test_what_is_kept_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_BYTES", 10)
    monkeypatch.setattr(kept, "MOST_RUNS", 2)
    for number in range(4):
        log = Logs(tmp_path / str(number))
        log.put("a", b"12345678")
        log.put("b", b"12345678")
        os.utime(tmp_path / str(number), (number, number))
    kept.prune(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2", "3"]
    assert Logs(tmp_path / "3").get("a") == b"12345678"
    assert Logs(tmp_path / "3").get("b") is None


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    log = Logs(tmp_path / "file" / "below")
    log.put("a", b"a")
    assert log.get("a") is None
