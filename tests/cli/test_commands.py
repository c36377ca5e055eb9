"""Options, configuration, and the commands that only read."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from grpc2connect import __version__
from grpc2connect.options import ClientProtocol, GeneratedPlace, RuntimeMode
from tests.cli.conftest import Shell
from tests.cli.fakes import FakeEngine, answer, edit, explained


def configure(project: Path, text: str) -> None:
    (project / "pyproject.toml").write_text(f"[tool.grpc2connect]\n{text}\n")


def test_defaults(project: Path, engine: FakeEngine, shell: Shell) -> None:
    shell("diff")
    (options,) = engine.asked
    assert (options.root, options.paths) == (project, (project,))
    assert (options.runtime, options.client_protocol) == (RuntimeMode.VENDOR, ClientProtocol.GRPC)
    assert not options.native


def test_configuration(project: Path, engine: FakeEngine, shell: Shell) -> None:
    (project / ".venv/lib/python3.11/site-packages").mkdir(parents=True)
    configure(
        project,
        'runtime = "package"\nclient-protocol = "connect"\npython = ".venv"\nexclude = ["old/*"]\n'
        'ignore = ["G2C4"]\nnative = true\ngenerated = { out = "src/gen", package = "gen" }',
    )
    (project / "src").mkdir()
    shell("diff", "src")
    (options,) = engine.asked
    assert options.root == project
    assert options.paths == (project / "src",)
    assert (options.runtime, options.client_protocol) == (RuntimeMode.PACKAGE, ClientProtocol.CONNECT)
    assert (options.python, options.exclude, options.ignore) == (project / ".venv", ("old/*",), ("G2C4",))
    assert options.generated == GeneratedPlace(project / "src/gen", "gen")
    assert options.native


def test_command_line_goes_before_configuration(project: Path, engine: FakeEngine, shell: Shell) -> None:
    configure(project, 'runtime = "package"\nexclude = ["old/*"]')
    shell("diff", "--runtime=vendor", "--exclude=x/*", "--exclude=y/*", "--client-protocol", "connect")
    (options,) = engine.asked
    assert (options.runtime, options.exclude) == (RuntimeMode.VENDOR, ("x/*", "y/*"))
    assert options.client_protocol is ClientProtocol.CONNECT


@pytest.mark.parametrize(
    "text, says",
    [
        ('exclud = ["x"]', "unknown key 'exclud' in [tool.grpc2connect]; did you mean 'exclude'?"),
        ('runtime = "vendr"', "runtime in [tool.grpc2connect] is 'vendr'; did you mean 'vendor'?"),
        ('runtime = "zzz"', "is 'zzz'; known are package, vendor"),
        ("runtime = []", "runtime in [tool.grpc2connect] is []"),
        ("include = 'x'", "include in [tool.grpc2connect] must be a list of strings"),
        ("python = 3", "python in [tool.grpc2connect] must be a path"),
        ('generated = { out = "x", pakage = "y" }', "has an unknown key 'pakage'; did you mean 'package'?"),
        ("generated = 'x'", "must be a table; write it like {"),
        ('native = "yes"', "native in [tool.grpc2connect] must be true or false"),
        ("x = = 1", "cannot be read"),
        ('select = ["G2C9"]', "no rule code starts with 'G2C9'"),
    ],
)
def test_bad_configuration_is_one_line(project: Path, engine: FakeEngine, shell: Shell, text: str, says: str) -> None:
    configure(project, text)
    outcome = shell("diff")
    assert outcome.code == 2
    assert says in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert engine.asked == []


def test_nearest_table_wins_and_files_without_one_are_passed_over(
    project: Path, engine: FakeEngine, shell: Shell
) -> None:
    configure(project, 'runtime = "package"')
    inner = project / "inner"
    inner.mkdir()
    (inner / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    shell("diff", "inner")
    assert engine.asked[0].runtime is RuntimeMode.PACKAGE


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["diff", "nowhere"], "'nowhere' does not exist"),
        (["diff", "--python", "nowhere"], "is not a virtual environment: it has no site-packages"),
        (["dif"], "No such command 'dif'"),
        (["diff", "--runtime", "x"], "'x' is not one of"),
        (["diff", "--select", "G2C40l"], "did you mean 'G2C401'?"),
        (["explain", "G2C202"], "no rule 'G2C202'"),
        (["explain", "nowhere.py:3"], "nowhere.py is not a file"),
        (["check", "--update-baseline"], "--update-baseline needs --baseline FILE"),
    ],
)
def test_usage_errors_are_one_line_and_code_2(project: Path, shell: Shell, arguments: list[str], says: str) -> None:
    outcome = shell(*arguments)
    assert outcome.code == 2
    assert says in outcome.err
    assert outcome.out == ""
    assert len(outcome.err.splitlines()) == 1


@pytest.mark.parametrize("command", ["diff", "migrate", "check", "generate", "report", "rules", "explain", ""])
def test_help_documents_the_exit_codes(shell: Shell, command: str) -> None:
    outcome = shell(*filter(None, [command]), "--help")
    assert outcome.code == 0
    assert "4  the ledger did not add up" in outcome.out


def test_version(shell: Shell) -> None:
    assert shell("--version").out == f"grpc2connect {__version__}\n"


def test_rules_are_listed_by_code(shell: Shell) -> None:
    assert shell("rules").out.splitlines() == [
        "context",
        "  G2C201  abort raises",
        "channels and stubs",
        "  G2C401  channels become clients",
    ]
    assert [row["code"] for row in json.loads(shell("rules", "--json").out)] == ["G2C201", "G2C401"]


def test_explain_code_shows_the_documentation_unmangled(shell: Shell) -> None:
    outcome = shell("explain", "g2c201")
    assert outcome.code == 0
    assert "`context.abort` raises [int] `ConnectError`." in outcome.out


def test_explain_line_shows_what_is_there_and_why(project: Path, engine: FakeEngine, shell: Shell) -> None:
    (project / "server.py").write_text("import grpc\n\n")
    engine.answer = dataclasses.replace(answer(), explained=(explained(project / "server.py", 1),))
    outcome = shell("explain", "server.py:1")
    assert outcome.code == 0
    assert engine.asked[-1].explain == (project / "server.py", 1)
    assert outcome.out.splitlines() == [
        "server.py:1:1 `context.abort(x)` is the method abort of a handler's context",
        "  because   server.py:1  `context` is the context of a handler",
        "            nothing else",
        "  rule      G2C201: abort raises",
        "  outcome   native",
        "  why       it fits",
        "  better    nothing",
    ]
    assert shell("explain", "server.py:1:3").out == outcome.out
    (document,) = json.loads(shell("explain", "server.py:1", "--format", "json").out)["explained"]
    assert (document["path"], document["line"], document["code"], document["state"]) == (
        "server.py", 1, "G2C201", "native",
    )  # fmt: skip
    assert document["because"] == [
        {"text": "`context` is the context of a handler", "path": "server.py", "line": 1, "column": 2},
        {"text": "nothing else"},
    ]


def test_explain_line_without_anything(project: Path, engine: FakeEngine, shell: Shell) -> None:
    (project / "server.py").write_text("import grpc\n\n")
    assert shell("explain", "server.py:2").out == "server.py:2: no gRPC reference here\n"
    assert "server.py has no line 9" in shell("explain", "server.py:9").err
    assert "give FILE:LINE" in shell("explain", "server.py").err


def test_report_json_and_github(project: Path, engine: FakeEngine, shell: Shell) -> None:
    engine.answer = answer(edit(project / "server.py"))
    outcome = shell("report")
    assert outcome.code == 0
    assert json.loads(outcome.out)["schema_version"] == 1
    to = project / "out.json"
    assert shell("report", "--output", to).out == ""
    assert json.loads(to.read_text())["summary"]["references"] == 1
    assert shell("report", "--format", "github").out == ""


def test_an_override_about_nothing_is_said(project: Path, engine: FakeEngine, shell: Shell) -> None:
    configure(
        project,
        '[[tool.grpc2connect.overrides]]\nservice = ["helloworld.*", "helloworld.Greter"]\nhold = "x"\n'
        '[[tool.grpc2connect.overrides]]\npath = "servers/"\nhold = "x"\n'
        '[[tool.grpc2connect.overrides]]\npath = "server.*"\nhold = "x"\n',
    )
    engine.answer = answer(edit(project / "server.py"))
    said = [line for line in shell("diff", "--stat").err.splitlines() if "G2C025" in line]
    assert said == [
        "pyproject.toml:1:1 G2C025 override 1 is about nothing here: no reference belongs to a service "
        "'helloworld.Greter'; did you mean 'helloworld.Greeter'?",
        "pyproject.toml:1:1 G2C025 override 2 is about nothing here: no reference is in files that match servers/; "
        "correct the path, or take the override out",
    ]
    (project / "sub").mkdir()
    assert "G2C025" not in shell("diff", "sub").err + shell("diff", "server.py").err


def test_a_public_module_that_is_none_is_said(project: Path, engine: FakeEngine, shell: Shell) -> None:
    for name in ("acme/__init__.py", "acme/client.py", "space/shop/client.py"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("")
    configure(
        project,
        'public = ["acme", "space.shop.client", "acme.cleint", "acme.client.Client", "no.such.module"]\n',
    )
    said = [line.partition(" is about nothing here: ") for line in shell("diff").err.splitlines() if "G2C025" in line]
    assert [(what.rpartition(" public ")[2], step.partition("; ")[2]) for what, _, step in said] == [
        ("'acme.cleint'", "did you mean 'acme.client'?"),
        ("'acme.client.Client'", "'acme.client' is one: write that, and all that is public in it counts"),
        ("'no.such.module'", "known are acme, acme.client, client, plain, server"),
    ]
    assert "G2C025" not in shell("diff", "acme").err


def test_patterns_that_match_no_file_are_said(project: Path, engine: FakeEngine, shell: Shell) -> None:
    assert "no file here matches srcs/** (" in shell("check", "--include", "srcs/**").err
    engine.answer = dataclasses.replace(answer(), files_seen=1)
    assert "no file here" not in shell("check", "--include", "src/**").err


def test_a_code_in_small_letters_is_near(project: Path, shell: Shell) -> None:
    assert "did you mean 'G2C201'?" in shell("diff", "--select", "g2c20").err


def test_lines_are_counted_from_one(project: Path, shell: Shell) -> None:
    assert shell("explain", "server.py:0").err.startswith("error[no-such-place]: server.py has no line 0; ")
