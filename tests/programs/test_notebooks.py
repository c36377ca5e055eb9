"""Notebooks: their cells are analysed and rewritten like a module, and everything else in the file stays."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grpc2connect.cli import run as command
from grpc2connect.engine import run
from grpc2connect.options import Options, RuntimeMode
from grpc2connect.results import RunResult, State
from grpc2connect.suppress import apply

REPOSITORY = Path(__file__).parents[2]
NOTEBOOKS = REPOSITORY / "fixtures" / "notebooks"
STUBS = REPOSITORY / "fixtures" / "projects" / "hello_flat"
IMPORTS = "import grpc\nimport greeting_pb2 as pb\nfrom greeting_pb2_grpc import GreeterStub"
STUB = "stub = GreeterStub(grpc.insecure_channel('localhost:1'))"
CALL = "stub.SayHello(pb.HelloRequest())"
CATCH = "try:\n    " + CALL + "\nexcept Exception as e:\n    print(e.code())"
LATE = "from grpc2connect_runtime import rpc_error\nimport grpc"
WRITTEN = "%%writefile other.py\nimport grpc\nprint(grpc)"
RUNNER = """
import ast, asyncio, sys
from grpc2connect.sources.notebook import read

class Shell:
    def __getattr__(self, name):
        return lambda *given: None

async def main(path):
    names = {"get_ipython": Shell}
    for cell in read(open(path, encoding="utf-8", newline="").read()).cells:
        if "matplotlib.pyplot" not in cell.text:
            made = eval(compile(cell.python.text, path, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
            if made is not None:
                await made
    print(ascii((names["messages"], names["refused"], names["reply"].message)))

for path in sys.argv[1:]:
    asyncio.run(asyncio.wait_for(main(path), 20))
"""


def stubs(folder: Path) -> Path:
    for name in ("greeting_pb2.py", "greeting_pb2_grpc.py"):
        shutil.copy(STUBS / name, folder)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return stubs(tmp_path)


def cells(*texts: str, language: str = "python", indent: int | None = 1) -> bytes:
    """A notebook of code cells; without an indent on one line, with its sources as single strings."""
    parts = [text if indent is None else text.splitlines(keepends=True) for text in texts]
    made = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": part} for part in parts]
    about = {"kernelspec": {"language": language}}
    return json.dumps({"cells": made, "metadata": about, "nbformat": 4, "nbformat_minor": 5}, indent=indent).encode()


def migrated(folder: Path, **notebooks: bytes) -> RunResult:
    for name, data in notebooks.items():
        (folder / f"{name}.ipynb").write_bytes(data)
    result = run(Options(folder, (folder,), runtime=RuntimeMode.PACKAGE))
    assert result.audit.holds
    return result


def sources(result: RunResult, name: str) -> list[str]:
    """The code cells of a notebook afterwards."""
    after = next(change.after for change in result.changes if change.path.name == f"{name}.ipynb")
    return ["".join(cell["source"]) for cell in json.loads(after)["cells"]]


def test_what_is_in_cells_moves_and_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The golden notebooks: one as Jupyter writes it, one as Colab does, with CRLF; both serve and call themselves."""
    names = ("greetings.ipynb", "asyncio.ipynb")
    before = folder / "before"
    before.mkdir()
    for name in names:
        shutil.copy(NOTEBOOKS / "before" / name, folder)
    for path in (*folder.glob("*.py"), *folder.glob("*.ipynb")):
        shutil.copy(path, before)
    assert command(["migrate", "--allow-no-vcs", "--runtime", "package", "--exclude", "before", str(folder)]) == 0
    for name in names:
        assert (folder / name).read_bytes() == (NOTEBOOKS / "after" / name).read_bytes()
    again = run(Options(folder, (folder,), runtime=RuntimeMode.PACKAGE, exclude=("before",)))
    assert (again.changes, again.ledger) == ((), ())
    runs = [
        subprocess.Popen([sys.executable, "-c", RUNNER, *names], cwd=there, stdout=subprocess.PIPE, text=True)
        for there in (before, folder)
    ]
    old, new = (process.communicate(timeout=60)[0].splitlines()[-1:] for process in runs)
    assert old == new
    assert "OUT_OF_RANGE" in new[0]
    capsys.readouterr()
    assert command(["undo", str(folder)]) == 0
    for name in names:
        assert (folder / name).read_bytes() == (NOTEBOOKS / "before" / name).read_bytes()


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """A project of several notebooks, all of which move."""
    folder = stubs(tmp_path_factory.mktemp("moved"))
    (folder / "client.py").write_text(IMPORTS + "\n" + STUB)
    early = CALL + "  # g2c: ignore[G2C026] run the cell below first"
    return migrated(
        folder,
        lines=cells("%%html\n<p>", IMPORTS, STUB + "\n" + CALL),
        strings=cells(IMPORTS, STUB + "\n" + CALL, indent=None),
        dead=cells(IMPORTS, "for x in", "%matplotlib inline\n!ls", STUB, "stub.SayHello?", CALL),
        shared=cells("from client import stub, pb", CATCH, LATE, "print(grpc.__version__)"),
        scripts=cells("%run client.py", "%%time\n" + CATCH),
        besides=cells("!pip install -q grpcio", WRITTEN, IMPORTS, early, STUB),
    )


def test_places_and_words_name_file_and_cell(moved: RunResult) -> None:
    calls = [one for one in moved.ledger if "SayHello" in one.text and one.place.path.stem in ("lines", "strings")]
    assert [entry.text for entry in calls] == ["cell 3: stub.SayHello", "cell 2: stub.SayHello"]
    for entry in calls:
        line = entry.place.path.read_text().splitlines()[entry.place.line - 1]
        assert line[entry.place.column - 1 :].startswith("stub.SayHello")


def test_a_cell_that_cannot_be_read_and_uses_nothing_of_it_holds_nothing(moved: RunResult) -> None:
    assert sources(moved, "dead")[1:3] == ["for x in", "%matplotlib inline\n!ls"]
    assert sources(moved, "dead")[4:] == ["stub.SayHello?", "stub.say_hello(pb.HelloRequest())"]
    assert not [one for one in moved.findings if one.place.path.stem == "dead"]


def test_new_names_are_imported_before_the_first_cell_that_needs_them(moved: RunResult) -> None:
    first, second, third, _ = sources(moved, "shared")
    assert first == "from client import stub, pb\nfrom grpc2connect_runtime import rpc_error"
    assert (
        second == "try:\n    stub.say_hello(pb.HelloRequest())\nexcept Exception as e:\n    print(rpc_error(e).code())"
    )
    assert third == LATE
    assert sources(moved, "scripts")[0] == "%run client.py\nfrom grpc2connect_runtime import rpc_error"
    assert sources(moved, "scripts")[1].startswith("%%time\ntry:\n    stub.say_hello")


def test_what_has_to_be_done_besides_is_said(moved: RunResult) -> None:
    said = [(one.code, one.message.partition(":")[0]) for one in moved.findings if one.place.path.stem == "besides"]
    assert said == [("G2C901", "cell 1, line 1"), ("G2C024", "cell 2, line 1"), ("G2C026", "cell 4, line 1")]
    left = [one.text for one in moved.ledger if one.state is State.LEFT and one.place.path.stem == "besides"]
    assert left == ["cell 2: %%writefile other.py"]


def test_what_is_no_python_notebook_with_grpc_is_left_alone(folder: Path) -> None:
    own = "class grpc:\n    @staticmethod\n    def insecure_channel(x): return x\nchannel = grpc.insecure_channel(1)"
    result = migrated(folder, r=cells("library(grpc)\nimport grpc", language="R"), plain=cells("1 + 1"), own=cells(own))
    assert (result.changes, result.ledger, result.findings, result.errors) == ((), (), (), ())


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("for x in stub", "this cell cannot be read as Python, and uses `stub`"),
        ("%store stub", "`%store stub` is not followed, and uses `stub`"),
        ("!echo {stub}", "`!echo {stub}` is not followed, and uses `stub`"),
        ("%%mystery\nprint(stub)", "is not followed, and uses `stub`"),
    ],
)
def test_what_cannot_be_followed_holds_its_services(folder: Path, bad: str, said: str) -> None:
    result = migrated(folder, a=cells(IMPORTS, STUB, bad, CALL))
    assert result.changes == ()
    assert {entry.state for entry in result.ledger} == {State.LEFT}
    (finding,) = [one for one in result.findings if one.code == "G2C024"]
    assert finding.message.startswith("cell 3, line 1: ")
    assert said in finding.message


def test_a_notebook_that_another_runs_stays(folder: Path) -> None:
    result = migrated(folder, setup=cells(IMPORTS, STUB), user=cells("%run setup.ipynb", CALL))
    assert result.changes == ()
    assert "cell 1 of user.ipynb runs it" in next(one.message for one in result.findings if one.code == "G2C012")


def test_comments_in_cells_hold_and_silence(folder: Path) -> None:
    call = CALL + "  # g2c: ignore[G2C501] known"
    result = migrated(folder, a=cells(IMPORTS, STUB + "  # g2c: hold not yet", call + "\n" + CALL))
    assert "not yet" in next(one.message for one in result.findings if one.code == "G2C012")
    silenced = apply(result, Options(folder, (folder,)))
    assert [(one.code, one.place.line) for one in silenced.suppressed] == [("G2C501", 26)]


def test_a_file_that_is_no_notebook_is_named(folder: Path) -> None:
    (folder / "client.py").write_text(IMPORTS + "\n" + STUB)
    result = migrated(folder, broken=b'{"cells": [\n"import grpc"')
    assert [str(error.path.name) + " " + error.message for error in result.errors] == [
        "broken.ipynb is no notebook: line 2 is no JSON: Expecting ',' delimiter"
    ]
    assert [change.path.name for change in result.changes if change.before] == ["client.py"]
