"""Stubs that are not in the project, and what `generate` refreshes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grpc2connect import vendor
from grpc2connect.engine import generate, run
from grpc2connect.options import GeneratedPlace, Options, RuntimeMode
from grpc2connect.results import Severity
from grpc2connect.sources import find
from tests.programs.conftest import STUBS, Program

SERVER = """from concurrent import futures

import grpc


class Greeter({base}):
    def SayHello(self, request, context):
        return None


def make():
    server = grpc.server(futures.ThreadPoolExecutor())
    {adder}(Greeter(), server)
"""
MODULE = {"base": "greeting_pb2_grpc.GreeterServicer", "adder": "greeting_pb2_grpc.add_GreeterServicer_to_server"}
ALIAS = {"base": "rpc.GreeterServicer", "adder": "rpc.add_GreeterServicer_to_server"}
DOTTED = {
    "base": "acme.stubs.greeting_pb2_grpc.GreeterServicer",
    "adder": "acme.stubs.greeting_pb2_grpc.add_GreeterServicer_to_server",
}
NAMES = {"base": "GreeterServicer", "adder": "add_GreeterServicer_to_server"}


def apply(options: Options) -> None:
    result = run(options)
    assert result.audit.holds, result.audit
    assert not result.errors, result.errors
    for change in result.changes:
        change.path.parent.mkdir(parents=True, exist_ok=True)
        change.path.write_bytes(change.after)


def assert_runs(folder: Path, *more: Path) -> None:
    """`app.py` can be imported, with the stubs where they are at run time."""
    done = subprocess.run(
        [sys.executable, "-c", "import app; print(app.Greeter.__mro__)"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, more)), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "GreeterSync" in done.stdout


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("from acme.stubs import greeting_pb2_grpc", MODULE),
        ("from acme.stubs import greeting_pb2_grpc as rpc", ALIAS),
        ("import acme.stubs.greeting_pb2_grpc as rpc", ALIAS),
        ("import acme.stubs.greeting_pb2_grpc", DOTTED),
        ("from acme.stubs.greeting_pb2_grpc import GreeterServicer, add_GreeterServicer_to_server", NAMES),
    ],
)
def test_installed_stubs(tmp_path: Path, line: str, names: dict[str, str]) -> None:
    site = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages"
    installed = site / "acme" / "stubs"
    installed.mkdir(parents=True)
    (tmp_path / ".venv" / "pyvenv.cfg").write_text("version = 3.11.0\n")
    for package in (installed.parent, installed):
        (package / "__init__.py").write_text("")
    shutil.copy(STUBS / "greeting_pb2.py", installed)
    text = (STUBS / "greeting_pb2_grpc.py").read_text()
    text = text.replace("import greeting_pb2 as", "from acme.stubs import greeting_pb2 as")
    (installed / "greeting_pb2_grpc.py").write_text(text)
    project = tmp_path / "project"
    project.mkdir()
    (project / "app.py").write_text(f"{line}\n{SERVER.format(**names)}")
    place = GeneratedPlace(project / "rpc_gen", "rpc_gen")
    apply(Options(project, (project,), python=tmp_path / ".venv", generated=place))
    assert "_pb2_grpc" not in (project / "app.py").read_text()
    assert_runs(project, site)


@pytest.mark.parametrize(
    ("out", "package"), [(".", ""), ("gen", "gen"), ("gen", "")], ids=["beside", "package", "package-by-place"]
)
@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("import greeting_pb2_grpc", MODULE),
        ("from greeting_pb2_grpc import GreeterServicer, add_GreeterServicer_to_server", NAMES),
    ],
)
def test_stubs_built_elsewhere(tmp_path: Path, line: str, names: dict[str, str], out: str, package: str) -> None:
    project, built = tmp_path / "project", tmp_path / "built"
    (project / "protos").mkdir(parents=True)
    built.mkdir()
    shutil.copy(STUBS / "greeting.proto", project / "protos")
    for name in ("greeting_pb2.py", "greeting_pb2_grpc.py"):
        shutil.copy(STUBS / name, built)
    (project / "app.py").write_text(f"{line}\n{SERVER.format(**names)}")
    apply(Options(project, (project,), generated=GeneratedPlace(project / out, package)))
    assert "_pb2_grpc" not in (project / "app.py").read_text()
    assert_runs(project, built)


def built_project(tmp_path: Path, proto: str, files: dict[str, str]) -> tuple[Path, Path]:
    """A project with a proto in a folder, and where its build puts the stubs."""
    project, built = tmp_path / "project", tmp_path / "built"
    (project / proto).mkdir(parents=True)
    built.mkdir()
    shutil.copy(STUBS / "greeting.proto", project / proto)
    for name, text in files.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    return project, built


def connect_modules(project: Path) -> list[str]:
    return sorted(path.relative_to(project).as_posix() for path in project.rglob("*_connect.py"))


def test_what_scripts_import_without_a_folder_stands_beside_each(tmp_path: Path) -> None:
    text = f"import greeting_pb2_grpc\n{SERVER.format(**MODULE)}"
    project, built = built_project(tmp_path, "protos", {"web/app.py": text, "jobs/app.py": text})
    for name in ("greeting_pb2.py", "greeting_pb2_grpc.py"):
        shutil.copy(STUBS / name, built)
    result = run(Options(project, (project,)))
    assert [finding.place.path.name for finding in result.findings if finding.code == "G2C015"] == [
        "greeting.proto"
    ] * 2
    apply(Options(project, (project,)))
    assert connect_modules(project) == ["jobs/greeting_connect.py", "web/greeting_connect.py"]
    for folder in ("web", "jobs"):
        assert_runs(project / folder, built)
    stale = project / "web" / "greeting_connect.py"
    stale.write_text("".join(stale.read_text().splitlines(keepends=True)[:2]))
    assert [change.path.parent.name for change in generate(Options(project, (project,))).changes] == ["web"]


def test_what_is_imported_by_the_folder_of_its_proto_stands_there(tmp_path: Path) -> None:
    text = f"from acme.protos import greeting_pb2_grpc\n{SERVER.format(**MODULE)}"
    project, _ = built_project(tmp_path, "acme/protos", {"tools/app.py": text})
    apply(Options(project, (project,)))
    assert connect_modules(project) == ["acme/protos/greeting_connect.py"]
    for name in ("greeting_pb2.py", "greeting_pb2_grpc.py"):
        shutil.copy(STUBS / name, project / "acme" / "protos")
    generated = (project / "acme" / "protos" / "greeting_connect.py").read_text()
    assert "from acme.protos.greeting_pb2 import" in generated
    assert_runs(project / "tools", project)


@pytest.mark.parametrize(
    ("name", "command", "line", "folder"),
    [
        ("Makefile", "gen:\n\tpython -m grpc_tools.protoc -I protos --grpc_python_out=src/proto protos/*.proto\n",
         "from proto import greeting_pb2_grpc as rpc", "proto"),
        ("scripts/gen.sh", "protoc -I. --grpc_python_out ./src protos/*.proto\n",
         "import protos.greeting_pb2_grpc as rpc", "protos"),
        ("build.py", 'RUN = ["protoc", "-I", "protos", "--grpc_python_out=src/acme/gen"]\n',
         "from acme.gen import greeting_pb2_grpc as rpc", "acme/gen"),
    ],
)  # fmt: skip
def test_a_folder_that_stubs_are_generated_in_takes_the_connect_module(
    tmp_path: Path, name: str, command: str, line: str, folder: str
) -> None:
    text = f"{line}\n{SERVER.format(**ALIAS)}"
    project, _ = built_project(tmp_path, "protos", {name: command, "src/jobs/app.py": text, "src/app.py": text})
    options = Options(project, (project,), project=project)
    said = [finding.severity for finding in run(options).findings if finding.code == "G2C015"]
    assert said == [Severity.NOTE]
    apply(options)
    assert connect_modules(project) == [f"src/{folder}/greeting_connect.py"]
    assert "_pb2_grpc" not in (project / "src" / "jobs" / "app.py").read_text()
    for stub in ("greeting_pb2.py", "greeting_pb2_grpc.py"):
        shutil.copy(STUBS / stub, project / "src" / folder)
    assert_runs(project / "src", project / "src" / folder)


@pytest.mark.parametrize("out", ["src/other", "$(OUT)", "src/proto/deeper"])
def test_stubs_that_are_generated_elsewhere_say_nothing(tmp_path: Path, out: str) -> None:
    text = f"from proto import greeting_pb2_grpc\n{SERVER.format(**MODULE)}"
    command = f"gen:\n\tprotoc -I protos --grpc_python_out={out} protos/greeting.proto\n"
    project, _ = built_project(tmp_path, "protos", {"Makefile": command, "src/app.py": text})
    result = run(Options(project, (project,), project=project))
    assert ([error.code for error in result.errors], result.changes) == (["G2C008"], ())


def test_a_folder_that_only_the_build_makes_has_to_be_named(tmp_path: Path) -> None:
    text = f"from gen.acme import greeting_pb2_grpc\n{SERVER.format(**MODULE)}"
    project, _ = built_project(tmp_path, "protos", {"app.py": text})
    result = run(Options(project, (project,)))
    assert ([error.code for error in result.errors], result.changes) == (["G2C008"], ())


@pytest.mark.parametrize(
    ("protos", "package", "importer"),
    [("protobufs/common", "common", "client/app.py"), ("api/src/acme/api", "api/src/acme/api", "client/src/app.py")],
    ids=["beside the protos", "in another distribution"],
)
def test_a_package_that_is_there_takes_the_connect_module(
    tmp_path: Path, protos: str, package: str, importer: str
) -> None:
    dotted = package.removeprefix("api/src/").replace("/", ".")
    text = f"from {dotted} import greeting_pb2, greeting_pb2_grpc\n{SERVER.format(**MODULE)}"
    project, _ = built_project(tmp_path, protos, {importer: text, f"{package}/__init__.py": ""})
    apply(Options(project, (project,)))
    assert connect_modules(project) == [f"{package}/greeting_connect.py"]
    for name in ("greeting_pb2.py", "greeting_pb2_grpc.py"):
        shutil.copy(STUBS / name, project / package)
    root = project / package.removesuffix(dotted.replace(".", "/"))
    assert_runs((project / importer).parent, root, project)


def test_which_of_two_packages_the_build_writes_to_has_to_be_named(tmp_path: Path) -> None:
    text = f"from common import greeting_pb2_grpc\n{SERVER.format(**MODULE)}"
    packages = {"common/__init__.py": "", "src/common/__init__.py": ""}
    project, _ = built_project(tmp_path, "protos", {"src/app.py": text, **packages})
    result = run(Options(project, (project,)))
    assert ([error.code for error in result.errors], result.changes) == (["G2C008"], ())


def test_a_database_that_names_stubs_is_no_script(tmp_path: Path) -> None:
    text = f"import greeting_pb2_grpc\n{SERVER.format(**MODULE)}"
    project, _ = built_project(tmp_path, "protos", {"app.py": text})
    (project / ".coverage").write_bytes(b"SQLite format 3\0\x10\0greeting_pb2_grpc.py --grpc_python_out=.\0")
    result = run(Options(project, (project,), project=project))
    assert (result.errors, len(result.changes) > 1) == ((), True)


def test_generate_refreshes_the_vendored_runtime(tmp_path: Path) -> None:
    home = tmp_path / "src" / vendor.PACKAGE
    home.mkdir(parents=True)
    (home / "__init__.py").write_text('"""An older one."""\n')
    options = Options(tmp_path, (tmp_path,))
    assert not find(options)[1]
    result = generate(options)
    assert {change.path.relative_to(tmp_path / "src") for change in result.changes} == {
        Path(path) for path, _ in vendor.files()
    }
    for change in result.changes:
        change.path.parent.mkdir(parents=True, exist_ok=True)
        change.path.write_bytes(change.after)
    assert not generate(options).changes


def test_a_makefile_says_where_stubs_go_from_its_own_folder(tmp_path: Path) -> None:
    """It may be run in any folder above, where the package that it writes to is not."""
    text = f"from acme.pb import greeting_pb2_grpc\n{SERVER.format(**MODULE)}"
    make = "gen:\n\tpython -m grpc_tools.protoc -I../../protos --python_out=acme/pb --grpc_python_out=acme/pb \\\n"
    files = {
        "backends/server/acme/__init__.py": "",
        "backends/server/acme/app.py": text,
        "backends/server/acme/pb/.gitignore": "*.py\n",
        "backends/server/Makefile": f"{make}\t\t../../protos/greeting.proto\n\ttouch acme/pb/__init__.py\n",
    }
    project, _ = built_project(tmp_path, "protos", files)
    result = run(Options(project, (project,), project=project))
    assert result.errors == ()
    assert project / "backends/server/acme/pb/greeting_connect.py" in {change.path for change in result.changes}


@pytest.mark.parametrize("line", ["from acme.gen import greeting_pb2_grpc", "from .gen import greeting_pb2_grpc"])
def test_stubs_built_into_a_package(tmp_path: Path, line: str) -> None:
    """The messages are imported under the name that the program imports them under."""
    project, built = tmp_path / "project", tmp_path / "built"
    (project / "acme" / "gen").mkdir(parents=True)
    (project / "protos").mkdir()
    built.mkdir()
    shutil.copy(STUBS / "greeting.proto", project / "protos")
    for name in ("acme/__init__.py", "acme/gen/__init__.py"):
        (project / name).write_text("")
    (project / "acme" / "server.py").write_text(f"{line}\n{SERVER.format(**MODULE)}")
    (project / "app.py").write_text("from acme.server import Greeter\n")
    options = Options(project, (project,), generated=GeneratedPlace(project / "acme" / "gen", "acme.gen"))
    apply(options)
    assert "from acme.gen.greeting_pb2 import" in (project / "acme" / "gen" / "greeting_connect.py").read_text()
    assert not generate(options).changes
    stubs = (STUBS / "greeting_pb2_grpc.py").read_text().replace("import greeting_pb2", "from . import greeting_pb2")
    shutil.copy(STUBS / "greeting_pb2.py", project / "acme" / "gen")
    (project / "acme" / "gen" / "greeting_pb2_grpc.py").write_text(stubs)
    assert_runs(project)


def test_of_two_projects_that_are_alike_each_has_its_own(tmp_path: Path) -> None:
    for name in ("one", "two"):
        stubs = tmp_path / name / "stubs"
        shutil.copytree(STUBS, stubs)
        server = tmp_path / name / "server"
        server.mkdir()
        (server / "app.py").write_text("import greeting_pb2_grpc\n" + SERVER.format(**MODULE))
    apply(Options(tmp_path, (tmp_path,)))
    for name in ("one", "two"):
        assert (tmp_path / name / "stubs" / "greeting_connect.py").exists()
        assert_runs(tmp_path / name / "server", tmp_path / name / "stubs")


def test_the_runtime_is_beside_scripts_that_lie_in_a_package(tmp_path: Path) -> None:
    server = tmp_path / "server"
    shutil.copytree(STUBS, tmp_path / "stubs")
    server.mkdir()
    (server / "__init__.py").touch()
    (server / "settings.py").write_text("PORT = 0\n")
    (server / "app.py").write_text("import settings\nimport greeting_pb2_grpc\n" + SERVER.format(**MODULE))
    apply(Options(tmp_path, (tmp_path,)))
    assert (server / "grpc2connect_runtime").is_dir()
    assert_runs(server, tmp_path / "stubs")


CHANNELS = "import grpc\n\n\ndef channel(target):\n    return grpc.insecure_channel(target)\n"
ASKS = (
    "import greeting_pb2_grpc\n{line}\n\n\ndef ask():\n"
    '    return greeting_pb2_grpc.GreeterStub(channel("127.0.0.1:1")).SayHello\n'
)
RUNS = 'from asks import ask\n\nprint(callable(ask()))\n\nif __name__ == "__main__":\n    print("done")\n'
IN_A_FOLDER = {
    "one copy where the others have theirs": (
        {
            "src/asks.py": ASKS.format(line="from the_grpc.channels import channel"),
            "src/the_grpc/channels.py": CHANNELS,
            "src/main.py": RUNS,
        },
        ["src"],
    ),
    "where it is imported from, if nothing else needs it": (
        {
            "src/asks.py": "from the_grpc.ask import ask\n",
            "src/the_grpc/ask.py": CHANNELS + "\n\n" + ASKS.format(line=""),
            "src/main.py": RUNS,
        },
        ["src"],
    ),
    "a script has its own": (
        {
            "src/asks.py": ASKS.format(line="from the_grpc.channels import channel"),
            "src/the_grpc/channels.py": CHANNELS,
            "src/the_grpc/tool.py": "import grpc\n\nif __name__ == '__main__':\n    print(grpc.StatusCode.OK)\n"
            "    from channels import channel\n\n    channel('a:1').close()\n",
            "src/main.py": RUNS,
        },
        ["src", "src/the_grpc"],
    ),
    "a script that needs nothing from where its neighbours import": (
        {
            "src/asks.py": ASKS.format(line="from the_grpc.channels import channel"),
            "src/the_grpc/channels.py": CHANNELS,
            "src/main.py": RUNS,
            "src/demo/whole.py": "from asks import ask\n\nif __name__ == '__main__':\n    print(callable(ask()))\n",
            "src/demo/tool.py": "import grpc\n\nif __name__ == '__main__':\n    grpc.insecure_channel('a:1').close()\n",
        },
        ["src", "src/demo"],
    ),
}


@pytest.mark.parametrize("name", IN_A_FOLDER)
def test_modules_of_a_folder_without_init_take_the_runtime_of_those_who_import_them(tmp_path: Path, name: str) -> None:
    files, wanted = IN_A_FOLDER[name]
    for file, text in files.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    for stub in ("greeting_pb2.py", "greeting_pb2_grpc.py"):
        shutil.copy(STUBS / stub, tmp_path / "src")
    options = Options(tmp_path, (tmp_path,))
    apply(options)
    placed = sorted(path.parent.relative_to(tmp_path).as_posix() for path in tmp_path.rglob(vendor.PACKAGE))
    assert placed == wanted
    programs = ["src/main.py", *(file for file in files if file.endswith("tool.py"))]
    for program in programs:
        done = subprocess.run(
            [sys.executable, program], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
    assert run(options).changes == ()


def test_stubs_that_people_are_told_to_build(program: Program) -> None:
    for name in ("greeting_pb2.py", "greeting_pb2_grpc.py"):
        (program.folder / name).unlink()
    program.write("protos/greeting.proto", (STUBS / "greeting.proto").read_text())
    program.write("app/gen/.gitkeep", "")
    call = "rpc.GreeterStub(grpc.insecure_channel('a:1')).SayHello(None)\n"
    program.write("app/client.py", f"import grpc\nfrom gen import greeting_pb2_grpc as rpc\n\n{call}")
    assert program.run().changes == ()
    command = "python -m grpc_tools.protoc -I../protos --python_out=gen --grpc_python_out=gen greeting.proto"
    program.write("README.md", f"# Client\n\n```sh\ncd app\n{command}\n```\n")
    result = program.migrate()
    assert [finding.code for finding in result.findings] == ["G2C910", "G2C015"]
    assert "from gen import greeting_connect" in program.text("app/client.py")
    assert "class GreeterClientSync" in program.text("app/gen/greeting_connect.py")
    assert command in program.text("README.md")
    assert program.run().changes == ()


PATHS = {
    "append": 'sys.path.append("..")\n',
    "insert": "sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))\n",
    "if": 'if ".." not in sys.path:\n    sys.path += [".."]\n',
}


@pytest.mark.parametrize("change", PATHS.values(), ids=PATHS)
def test_a_script_that_changes_its_path_finds_the_runtime_after_that(tmp_path: Path, change: str) -> None:
    (tmp_path / "gen").mkdir()
    for name in ("greeting_pb2.py", "greeting_pb2_grpc.py"):
        text = (STUBS / name).read_text().replace("import greeting_pb2", "from gen import greeting_pb2")
        (tmp_path / "gen" / name).write_text(text)
    (tmp_path / "client").mkdir()
    script = tmp_path / "client" / "ask.py"
    script.write_text(
        f"import os\nimport sys\n\nimport grpc\n\n{change}from gen import greeting_pb2, greeting_pb2_grpc\n\n\n"
        "def ask():\n    stub = greeting_pb2_grpc.GreeterStub(grpc.insecure_channel('127.0.0.1:1'))\n"
        "    try:\n        stub.SayHello(greeting_pb2.HelloRequest(), timeout=9)\n"
        "    except grpc.RpcError as error:\n        print(error.code())\n\n\nask()\n"
    )
    assert printed(script) == "StatusCode.UNAVAILABLE"
    apply(Options(tmp_path, (tmp_path,), runtime=RuntimeMode.VENDOR))
    assert "greeting_connect.GreeterClientSync" in script.read_text()
    assert printed(script) == "StatusCode.UNAVAILABLE"


def test_the_runtime_is_where_each_script_finds_what_it_imports(tmp_path: Path) -> None:
    """One script puts the folder above on its path, and the one beside it does not."""
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "prices.py").write_text("FEE = 5\n")
    folder = tmp_path / "shop"
    shutil.copytree(STUBS, folder)
    server, client = folder / "server.py", folder / "client.py"
    server.write_text(
        "import sys\n\nimport grpc\n\nsys.path.append('..')\n"
        "from services.prices import FEE\nimport greeting_pb2_grpc\n\n"
        "stub = greeting_pb2_grpc.GreeterStub(grpc.insecure_channel('127.0.0.1:1'))\nprint(FEE)\n"
    )
    client.write_text(
        "import grpc\nimport greeting_pb2_grpc\n\n"
        "stub = greeting_pb2_grpc.GreeterStub(grpc.insecure_channel('127.0.0.1:1'))\nprint(6)\n"
    )
    apply(Options(tmp_path, (tmp_path,), runtime=RuntimeMode.VENDOR))
    assert "GreeterClientSync" in client.read_text()
    assert (printed(server), printed(client)) == ("5", "6")


SENDS = "import grpc\n\n\ndef send(channel):\n    return channel.unary_unary('/shop.Prices/Ask')(b'')\n"
STARTED = """
if __name__ == "__main__":
    try:
        send(grpc.insecure_channel("127.0.0.1:1"))
    except grpc.RpcError as error:
        print(error.code())
"""
IN_A_PACKAGE = {
    "started by itself": (SENDS + STARTED, True),
    "not a script": (SENDS + "\n\ndef main():\n    send(grpc.insecure_channel('127.0.0.1:1'))\n", False),
    "imports from its package": (SENDS + "\n\nfrom shop.names import NAME\n" + STARTED, False),
    "imports relatively": (SENDS + "\n\nfrom .names import NAME\n" + STARTED, False),
}


@pytest.mark.parametrize("name", IN_A_PACKAGE)
def test_a_script_in_a_package_that_does_not_find_the_runtime_has_a_finding(tmp_path: Path, name: str) -> None:
    text, said = IN_A_PACKAGE[name]
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").touch()
    (tmp_path / "shop" / "names.py").write_text("NAME = 'shop'\n")
    script = tmp_path / "shop" / "ask.py"
    script.write_text(text)
    (tmp_path / "main.py").write_text("from shop.ask import send\n\nsend(None)\n")
    options = Options(tmp_path, (tmp_path,), runtime=RuntimeMode.VENDOR)
    result = run(options)
    apply(options)
    found = [finding for finding in result.findings if finding.code == "G2C903"]
    assert [finding.place.path.name for finding in found] == ["ask.py"] * said
    assert (tmp_path / vendor.PACKAGE).is_dir()
    if said:
        assert "`python -m shop.ask`" in found[0].advice
        assert printed(script, tmp_path, "-m", "shop.ask") == "StatusCode.UNAVAILABLE"
    assert "G2C903" not in {finding.code for finding in run(options).findings}


def printed(script: Path, folder: Path | None = None, *start: str) -> str:
    """What a script prints that is started in a folder, by default its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [sys.executable, *(start or [script])],
        cwd=folder or script.parent,
        env=environment,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()
