"""What a user decides: overrides, lines that are held or ignored, unsafe edits, rule packs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grpc2connect.cli import run as command
from grpc2connect.config import ConfigError, load
from grpc2connect.engine import run
from grpc2connect.options import Options, Override, RuntimeMode, Serve
from grpc2connect.results import RunResult, State
from grpc2connect.rules_api import load as load_rules
from grpc2connect.suppress import apply

REPOSITORY = Path(__file__).parents[2]
PACK = REPOSITORY / "examples" / "rule_pack"
TWO = """import grpc
import till_pb2_grpc


class Till(till_pb2_grpc.TillServicer):
    def Pay(self, request, context):
        return request


server = grpc.server(None)
till_pb2_grpc.add_TillServicer_to_server(Till(), server)
server.start()
"""


BOTH = """\
from concurrent import futures

import grpc
from shop import shop_pb2_grpc


def serve(checkout: shop_pb2_grpc.CheckoutServicer, stock: shop_pb2_grpc.StockServicer):
    server = grpc.server(futures.ThreadPoolExecutor(2))
    shop_pb2_grpc.add_CheckoutServicer_to_server(checkout, server)
    shop_pb2_grpc.add_StockServicer_to_server(stock, server)
    return server
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(PACK / "fixtures" / "_stubs", tmp_path, dirs_exist_ok=True)
    (tmp_path / "server.py").write_text(TWO)
    return tmp_path


def result(folder: Path, *overrides: Override, unsafe: bool = False) -> RunResult:
    options = Options(folder, (folder,), runtime=RuntimeMode.PACKAGE, overrides=overrides, unsafe=unsafe)
    found = run(options)
    assert found.audit.holds
    return apply(found, options)


def states(found: RunResult) -> set[State]:
    return {entry.state for entry in found.ledger}


@pytest.mark.parametrize(
    "override", [Override(service=("till.*",), hold="later"), Override(path=("server.py",), hold="later")]
)
def test_what_is_held_stays_with_its_reason(project: Path, override: Override) -> None:
    found = result(project, override)
    assert states(found) == {State.LEFT}
    assert not found.changes
    assert any("later" in finding.message for finding in found.findings)
    assert State.NATIVE in states(result(project, Override(service=("other.*",), hold="later")))


def test_of_two_services_that_are_held_the_first_by_name_gives_the_reason(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(Path(__file__).parents[2] / "fixtures" / "projects" / "gateway_downstream", folder)
    (folder / "both.py").write_text(BOTH, encoding="utf-8")
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as settings:
        for name in ("Stock", "Checkout"):
            settings.write(
                f'\n[[tool.grpc2connect.overrides]]\nservice = "shop.v1.{name}"\nhold = "waits for {name}"\n'
            )
    outputs = set()
    for seed in ("1", "2", "4", "5"):  # the order of a set is another with each
        done = subprocess.run(
            [sys.executable, "-m", "grpc2connect", "report", "--format", "json", "."],
            cwd=folder, capture_output=True, text=True, timeout=120, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "G2C_CACHE_DIR": ""},
        )  # fmt: skip
        outputs.add(done.stdout)
    (output,) = outputs
    servers = [
        one for one in json.loads(output)["references"] if one["text"] == "grpc.server" and one["path"] == "both.py"
    ]
    assert [one["why"] for one in servers] == ["waits for Checkout"]


def test_a_comment_holds_its_lines_service(project: Path) -> None:
    text = TWO.replace("TillServicer):", "TillServicer):  # g2c: hold waits for the app", 1)
    (project / "server.py").write_text(text)
    found = result(project)
    assert states(found) == {State.LEFT}
    assert any("waits for the app" in finding.message for finding in found.findings)
    assert not any(finding.code == "G2C021" for finding in found.findings)


def test_a_server_is_served_as_its_path_or_service_says(project: Path) -> None:
    def wire(*overrides: Override) -> bool:
        (change,) = [one for one in result(project, *overrides).changes if one.path.name == "server.py"]
        return b'wire="grpcio"' in change.after

    assert wire()
    assert not wire(Override(path=("server.py",), serve=Serve.SINGLE))
    assert not wire(Override(service=("till.Till",), serve=Serve.SINGLE))
    assert wire(Override(path=("other/**",), serve=Serve.SINGLE))


def test_rules_can_be_switched_off_for_a_path(project: Path) -> None:
    found = result(project, Override(path=("server.py",), ignore=("G2C303",)))
    assert states(found) == {State.LEFT}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('[[tool.grpc2connect.overrides]]\nservice = "a.B"\nhodl = "x"', "did you mean 'hold'?"),
        ('[[tool.grpc2connect.overrides]]\nservice = "a.B"', "says nothing"),
        ('[[tool.grpc2connect.overrides]]\nhold = "x"', "is about nothing"),
        ('[[tool.grpc2connect.overrides]]\npath = "a"\nhold = ""', "must be a reason"),
        ('[[tool.grpc2connect.overrides]]\npath = "a"\nserve = "duel"', "did you mean 'dual'?"),
        ("[tool.grpc2connect]\noverrides = 3", "must be tables"),
        ("[tool.grpc2connect]\nexlude = []", "did you mean 'exclude'?"),
        ("[tool.grpc2connect]\nExclude = []", "did you mean 'exclude'?"),
        ("[tool.grpc2conect]\nexclude = []", r"did you mean \[tool.grpc2connect\]?"),
    ],
)
def test_configuration_says_what_was_meant(tmp_path: Path, lines: str, said: str) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(lines)
    with pytest.raises(ConfigError, match=said.replace("?", r"\?")) as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_overrides_are_read(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(
        '[[tool.grpc2connect.overrides]]\nservice = "a.*"\nhold = "x"\n'
        '[[tool.grpc2connect.overrides]]\npath = ["a/**", "b"]\nserve = "single"\nignore = "G2C3"\n'
    )
    config = load(path)
    assert config is not None
    assert config.overrides == (
        Override(service=("a.*",), hold="x"),
        Override(path=("a/**", "b"), serve=Serve.SINGLE, ignore=("G2C3",)),
    )


def test_suppressions_want_a_reason_and_a_use(project: Path) -> None:
    text = TWO.replace("server = grpc", "# g2c: ignore[G2C301] serves both already\nserver = grpc")
    text = text.replace("server.start()", "server.start(  # g2c: ignore[G2C3]\n)  # g2c: ignore all of it")
    text += "print(1)  # g2c: ignore[G2C201,G2C3] no longer\nprint(2)  # g2c: hodl it\nprint(3)  # g2c: hold it\n"
    (project / "server.py").write_text(text)
    found = result(project)
    assert [(one.code, one.reason, one.reference) for one in found.suppressed] == [
        ("G2C301", "serves both already", False),
        ("G2C301", "serves both already", True),
    ]
    assert [(one.code, one.place.line) for one in found.findings if one.code.startswith("G2C02")] == [
        ("G2C020", 13),
        ("G2C020", 14),
        ("G2C021", 15),
        ("G2C020", 16),
        ("G2C021", 17),
    ]


def test_an_aio_abort_that_is_not_awaited_is_awaited_only_if_asked(project: Path) -> None:
    (project / "server.py").write_text(
        "import grpc\nimport till_pb2_grpc\n\n\nclass Till(till_pb2_grpc.TillServicer):\n"
        "    async def Pay(self, request, context):\n"
        '        context.abort(grpc.StatusCode.ABORTED, "no")\n'
        "        try:\n            context.abort(request.code, request.text)\n        except Exception:\n"
        "            pass\n        return request\n\n\n"
        "async def main():\n    server = grpc.aio.server()\n"
        "    till_pb2_grpc.add_TillServicer_to_server(Till(), server)\n    await server.start()\n"
    )

    def text(found: RunResult) -> str:
        return next(one.after for one in found.changes if one.path.name == "server.py").decode()

    safe = result(project)
    assert text(safe).count("        context.abort(") == 2
    assert [one.advice for one in safe.findings if one.code == "G2C201"] == [
        "await it (--unsafe does), or delete it"
    ] * 2
    unsafe = result(project, unsafe=True)
    assert '        raise ConnectError(Code.ABORTED, "no")\n' in text(unsafe)
    assert "            await context.abort(request.code, request.text)\n" in text(unsafe)
    assert not [one for one in unsafe.findings if one.code == "G2C201"]


def test_packs_come_only_when_they_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["rules"]) == 0
    assert "ACME201" not in capsys.readouterr().out
    assert command(["rules", "--rules", str(PACK / "acme_rules")]) == 0
    assert "ACME201" in capsys.readouterr().out
    assert all(rule.code.startswith("G2C") for rule in load_rules().rules)
    for pack, said in (
        ("json", "declares no rule"),
        ("no_such", "cannot be imported"),
        ("a/b", "is no package"),
        ("./pyproject.toml", "is no package"),
    ):
        assert command(["rules", "--rules", pack]) == 2
        assert said in capsys.readouterr().err


def test_the_example_pack_passes_and_a_broken_fixture_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack = str(PACK / "acme_rules")
    assert command(["test-rule", pack]) == 0
    capsys.readouterr()
    shutil.copytree(PACK / "fixtures", tmp_path / "f")
    golden = tmp_path / "f" / "ACME201-peer" / "after" / "server.py"
    golden.write_text(golden.read_text().replace("context.client_address)", "context.peer())"))
    shutil.rmtree(tmp_path / "f" / "_untouched")
    assert command(["test-rule", pack, "--fixtures", str(tmp_path / "f")]) == 1
    out = capsys.readouterr().out
    assert '    +        logging.info("from %s", context.client_address)' in out
    assert "1 fixtures, 1 failed" in out
