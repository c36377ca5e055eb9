"""Packages of the program's own that are called `grpc`: what `import grpc` finds, or a part of a larger package."""

from __future__ import annotations

from pathlib import Path

import pytest

from grpc2connect.facts.hiding import Hides, Hiding
from grpc2connect.facts.libraries import Libraries
from grpc2connect.options import Options
from grpc2connect.sources.required import declared, lists
from tests.programs.conftest import Program, check_stays
from tests.programs.test_mixed import HEAD, OTHER, PROTO

CLIENT = (
    "import grpc\n\nimport greeting_pb2_grpc as rpc\n\nstub = rpc.GreeterStub(grpc.insecure_channel('a:1'))\n"
    "print(stub.SayHello(None))\n"
)
MOVED = "insecure_channel('a:1').client("
PLUGIN = "vendor/acme/tracing/grpc"
TRACING = (
    "import grpc\n\n\nclass Interceptor(grpc.UnaryUnaryClientInterceptor):\n"
    "    def intercept_unary_unary(self, continuation, details, request):\n"
    "        call = continuation(details, request)\n        print(call.code() == grpc.StatusCode.OK)\n"
    "        return call\n"
)


def verdict(top: Path, importer: str, root: str, own: str, files: dict[str, str]) -> Hides:
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    libraries = Libraries(lambda: lists(Options(top, (top,))))
    hiding = Hiding({str(top / name) for name in files}, str(top), libraries)
    return hiding.verdict(top / importer, str(top / own), str(top / root), "grpc")


NAMED = {"lib/acme/ext/grpc/__init__.py": "", "lib/acme/ext/grpc/client.py": "import grpc\n"}
SHOWN = {
    "an import of it": {"app.py": "import acme.ext.grpc\n"},
    "an import of a module in it": {"app.py": "from acme.ext.grpc.client import ask\n"},
    "an import of it from the folder": {"app.py": "from acme.ext import (\n    grpc,\n)\n"},
    "an import by the last folder alone": {"lib/acme/app.py": "from ext.grpc import client\n"},
    "an entry point": {"pyproject.toml": '[project.entry-points.acme]\nx = "acme.ext.grpc:Plugin"\n'},
    "a command": {"setup.cfg": "[options.entry_points]\nconsole_scripts =\n    x = acme.ext.grpc.client:main\n"},
    "a command of setup.py": {"setup.py": 'setup(entry_points={"acme": ["x = acme.ext.grpc:P [extra]"]})\n'},
    "a relative import that leads out": {"lib/acme/ext/grpc/more.py": "import grpc\nfrom ..names import NAME\n"},
    "a relative import beside it": {"lib/acme/ext/more.py": "import grpc\nfrom .names import NAME\n"},
    "a folder above that packages are in": {"lib/pyproject.toml": '[tool.setuptools]\npackage-dir = {"" = "."}\n'},
}


@pytest.mark.parametrize("name", SHOWN)
def test_a_part_of_a_namespace_hides_nothing(tmp_path: Path, name: str) -> None:
    found = verdict(tmp_path, "lib/acme/ext/grpc/client.py", "lib/acme/ext", "lib/acme/ext", NAMED | SHOWN[name])
    assert found is Hides.NO


def test_it_is_open_where_nothing_shows(tmp_path: Path) -> None:
    assert verdict(tmp_path, "lib/acme/ext/grpc/client.py", "lib/acme/ext", "lib/acme/ext", NAMED) is Hides.OPEN
    other = {"app.py": "import other.ext.grpc\nimport grpc.aio\nfrom grpc import StatusCode\n"}
    assert verdict(tmp_path, "lib/acme/ext/grpc/client.py", "lib/acme/ext", "lib/acme/ext", NAMED | other) is Hides.OPEN


BESIDE = {"services/one/grpc/__init__.py": "", "services/one/client.py": "import grpc\n"}
SCRIPT = {"services/one/client.py": 'import grpc\n\nif __name__ == "__main__":\n    print(grpc)\n'}
NAMESPACE = {"app.py": "import services.one.grpc\n"}


def test_beside_a_program_it_hides(tmp_path: Path) -> None:
    def of(files: dict[str, str], importer: str = "services/one/client.py") -> Hides:
        return verdict(tmp_path, importer, "services/one", "services/one", BESIDE | files)

    assert of({}) is Hides.YES
    assert of(SCRIPT) is Hides.YES
    assert of(SCRIPT | NAMESPACE) is Hides.OPEN
    # The package itself, once something shows that its folder is where imports start.
    inner = "services/one/grpc/fakes.py"
    assert of({inner: "import grpc\n"} | NAMESPACE, inner) is Hides.NO
    assert of({inner: "import grpc\n", "app.py": "from grpc.fakes import Channel\n"}, inner) is Hides.YES
    settings = {"pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["services/one"]\n', "app.py": ""}
    assert of({inner: "import grpc\n"} | settings, inner) is Hides.YES
    assert of(settings | NAMESPACE) is Hides.OPEN


SETTINGS = {
    "pyproject.toml": (
        '[project.scripts]\na = "one.two:main"\n[tool.poetry.plugins.x]\nb = "three"\n[tool.poetry.scripts]\n'
        'c = {callable = "four.five:f"}\n[[tool.poetry.packages]]\ninclude = "x"\nfrom = "lib"\n'
        '[tool.hatch.build.targets.wheel]\npackages = ["src/acme"]\n[tool.setuptools.packages.find]\nwhere = ["py"]\n',
        {"one.two", "three", "four.five"},
        {"lib", "src", "py"},
    ),
    "setup.cfg": (
        "[options]\npackage_dir =\n    = src\n    other = elsewhere\n[options.packages.find]\nwhere = py\n"
        "[options.entry_points]\nx =\n    a = one.two:main\n",
        {"one.two"},
        {"src", "py"},
    ),
    "setup.py": (
        'from setuptools import find_packages, setup\n\nsetup(packages=find_packages("src"), package_dir={"": "lib"},\n'
        '      entry_points={"x": ["a = one.two:main", NAME]})\n',
        {"one.two"},
        {"src", "lib"},
    ),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_what_settings_say_of_modules(tmp_path: Path, name: str) -> None:
    text, modules, roots = SETTINGS[name]
    (tmp_path / name).write_text(text)
    own = declared(tmp_path / name).own
    assert (own.modules, own.roots) == (modules, roots)


def test_a_vendored_namespace_holds_nothing_up(program: Program) -> None:
    program.write(f"{PLUGIN}/__init__.py", "import grpc\n\nfrom acme.tracing.grpc._client import Interceptor\n")
    program.write(f"{PLUGIN}/_client.py", TRACING)
    program.write("vendor/acme/tracing/names.py", "NAME = 'tracing'\n")
    program.write("client.py", CLIENT)
    result = program.migrate()
    assert MOVED in program.text("client.py")
    seen = {entry.place.path.name for entry in result.ledger}
    assert {"client.py", "_client.py", "__init__.py"} <= seen
    assert "G2C805" not in {finding.code for finding in result.findings}
    assert program.run().changes == ()


def test_what_an_edit_imports_of_grpc_is_not_looked_up_in_a_namespace(program: Program) -> None:
    """`StatusCode` for the errors of what stays: it is found in grpcio, not beside the file."""
    program.write("farewell.proto", PROTO)
    program.write("farewell_pb2_grpc.py", OTHER)
    program.write(f"{PLUGIN}/__init__.py", "NAMES = {}\n")
    ask = HEAD.replace("import grpc\n", "import grpc\nfrom acme.tracing.grpc import NAMES\n", 1)
    program.write(f"{PLUGIN}/client.py", f"{ask}        return known[error.code()], NAMES\n")
    program.migrate()
    after = program.text(f"{PLUGIN}/client.py")
    assert "return known[rpc_error(error, grpc.StatusCode).code()], NAMES" in after
    assert program.run().changes == ()


def test_a_package_that_only_its_own_modules_see_is_said(program: Program) -> None:
    """Neither is known: that its folder is where imports start, or that it is a part of a package."""
    result = check_stays(program, {"lib/ext/grpc/__init__.py": "", "lib/ext/grpc/client.py": CLIENT}, "G2C805")
    assert len(result.ledger) == 5


def test_a_package_beside_a_script_hides_it(program: Program) -> None:
    program.write("services/one/grpc/__init__.py", "def insecure_channel(target):\n    return target\n")
    program.write("services/one/client.py", "import grpc\n\nchannel = grpc.insecure_channel('a:1')\n")
    assert (program.run().changes, program.run().ledger) == ((), ())
