"""Places that run protoc generate Connect code from now on; all else in their files stays."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from grpc2connect.cli.baseline import Baseline, Key
from grpc2connect.options import GeneratedPlace, Options
from grpc2connect.project.generation.modules import ConnectModule
from grpc2connect.project.generation.outs import out_folders
from grpc2connect.project.places import read_places
from grpc2connect.project.situation import Answer, Situation
from grpc2connect.project.texts import Texts
from grpc2connect.results import Severity, State
from tests.e2e import running

OPT = "--connectrpc_opt=protobuf=google"
PROTOC = "python -m grpc_tools.protoc -I. --python_out=. --grpc_python_out=. a.proto"
PLAIN = f"python -m grpc_tools.protoc -I. --python_out=. --grpc_python_out=. --connectrpc_out=. {OPT} a.proto"
GENERATE = "python -m grpc2connect generate ."
FIX = "sed -i 's/^import \\(.*_pb2\\)/from . import \\1/'"


def read(folder: Path, *, plain: bool = True, moved: bool = True) -> tuple[Texts, Answer]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    modules = [ConnectModule(folder / "a_connect.py", plain)] if moved else []
    texts = Texts()
    answer, _ = read_places(files, texts, Situation(Options(folder, (folder,)), files, lambda: modules))
    return texts, answer


def after(folder: Path, name: str, text: str, *, plain: bool = True) -> tuple[str, Answer]:
    """What becomes of a file, which a second run must leave as it is."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    texts, answer = read(folder, plain=plain)
    new = texts.get(path)
    assert new is not None
    path.write_bytes(new.encode())
    again, second = read(folder, plain=plain)
    assert again.result() == []
    assert [found.state for found in second.found] == [found.state for found in answer.found]
    return new, answer


# (file, before, after): the plugin's output imports, so its options are added.
OPTIONS = {
    "shell": ("gen.sh", f"#!/bin/sh\nset -e\n{PROTOC}\n", f"#!/bin/sh\nset -e\n{PLAIN}\n"),
    "shell without suffix": ("gen", f"#!/usr/bin/env bash\n{PROTOC}\n", f"#!/usr/bin/env bash\n{PLAIN}\n"),
    "crlf": ("gen.sh", f"a\r\n{PROTOC}\r\n", f"a\r\n{PLAIN}\r\n"),
    "lines": (
        "gen.sh",
        "protoc \\\n    --python_out=. \\\n    --grpc_python_out=$OUT \\\n    a.proto\n",
        "protoc \\\n    --python_out=. \\\n    --grpc_python_out=$OUT \\\n"
        f"    --connectrpc_out=$OUT \\\n    {OPT} \\\n    a.proto\n",
    ),
    "the last line": (
        "gen.sh",
        "protoc a.proto \\\n  --grpc_python_out=.",
        f"protoc a.proto \\\n  --grpc_python_out=. \\\n  --connectrpc_out=. \\\n  {OPT}",
    ),
    "two words, settings of the plugin": (
        "gen.sh",
        'protoc --grpc_python_out grpc_2_0:"$OUT" a.proto  # stubs\n',
        f'protoc --grpc_python_out grpc_2_0:"$OUT" --connectrpc_out "$OUT" {OPT} a.proto  # stubs\n',
    ),
    "pipe": (
        "Makefile",
        "x:\n\tls *.proto | xargs -n 1 $(PROTOC) --grpc_python_out=.\n",
        f"x:\n\tls *.proto | xargs -n 1 $(PROTOC) --grpc_python_out=. --connectrpc_out=. {OPT}\n",
    ),
    "make": ("Makefile", f"x: a.proto\n\t@{PROTOC}\n", f"x: a.proto\n\t@{PLAIN}\n"),
    "make, a folder of a function": (
        "Makefile",
        "x:\n\tprotoc --grpc_python_out=$(dir $@) $<\n",
        f"x:\n\tprotoc --grpc_python_out=$(dir $@) --connectrpc_out=$(dir $@) {OPT} $<\n",
    ),
    "docker": ("Dockerfile", f"FROM python\nRUN {PROTOC}\n", f"FROM python\nRUN {PLAIN}\n"),
    "github": (
        ".github/workflows/ci.yml",
        f"jobs:\n  a:\n    steps:\n      - run: |  # stubs\n          {PROTOC}\n      - run: pytest\n",
        f"jobs:\n  a:\n    steps:\n      - run: |  # stubs\n          {PLAIN}\n      - run: pytest\n",
    ),
    "folded": (
        "ci.yml",
        "run: >\n  protoc\n    --grpc_python_out=.\n    a.proto\n",
        f"run: >\n  protoc\n    --grpc_python_out=.\n    --connectrpc_out=.\n    {OPT}\n    a.proto\n",
    ),
    "gitlab": (
        ".gitlab-ci.yml",
        f"a:\n  script:\n    - !reference [b]\n    - {PROTOC}\n",
        f"a:\n  script:\n    - !reference [b]\n    - {PLAIN}\n",
    ),
    "tox": (
        "tox.ini",
        f"[testenv:gen]\ncommands =\n    {PROTOC}\n",
        f"[testenv:gen]\ncommands =\n    {PLAIN}\n",
    ),
    "pdm": (
        "pyproject.toml",
        f"[tool.pdm.scripts]\ngen = '{PROTOC}'  # stubs\n",
        f"[tool.pdm.scripts]\ngen = '{PLAIN}'  # stubs\n",
    ),
    "npm": (
        "package.json",
        f'{{"scripts": {{"gen": "{PROTOC}"}}}}\n',
        f'{{"scripts": {{"gen": "{PLAIN}"}}}}\n',
    ),
    "python, main": (
        "gen.py",
        'from grpc_tools import protoc\nprotoc.main(["", "-I.", f"--grpc_python_out={out}", "a.proto"])\n',
        "from grpc_tools import protoc\n"
        f'protoc.main(["", "-I.", f"--grpc_python_out={{out}}", f"--connectrpc_out={{out}}", "{OPT}", "a.proto"])\n',
    ),
    "python, process": (
        "setup.py",
        "run(\n  [\n    'protoc',\n    '--grpc_python_out={}'.format(a),  # stubs\n    p,\n  ]\n)\n",
        "run(\n  [\n    'protoc',\n    '--grpc_python_out={}'.format(a),  # stubs\n"
        f"    '--connectrpc_out={{}}'.format(a),\n    '{OPT}',\n    p,\n  ]\n)\n",
    ),
    "python, two arguments": (
        "noxfile.py",
        'session.run("python", "-m", "grpc_tools.protoc", "--grpc_python_out", OUT, "a.proto")\n',
        'session.run("python", "-m", "grpc_tools.protoc", "--grpc_python_out", OUT, '
        f'"--connectrpc_out", OUT, "{OPT}", "a.proto")\n',
    ),
    "python, one text": ("gen.py", f'os.system("{PROTOC}")\n', f'os.system("{PLAIN}")\n'),
    "buf v2": (
        "buf.gen.yaml",
        "version: v2\nplugins:\n  - remote: buf.build/grpc/python:v1.70.0  # stubs\n    out: gen\n  # types\n"
        "  - remote: buf.build/protocolbuffers/pyi\n    out: gen\n",
        "version: v2\nplugins:\n  - remote: buf.build/grpc/python:v1.70.0  # stubs\n    out: gen\n"
        "  - local: protoc-gen-connectrpc\n    out: gen\n    opt: protobuf=google\n  # types\n"
        "  - remote: buf.build/protocolbuffers/pyi\n    out: gen\n",
    ),
    "buf v1": (
        "buf.gen.yaml",
        "version: v1\nplugins:\n- plugin: buf.build/grpc/python\n  out: gen",
        "version: v1\nplugins:\n- plugin: buf.build/grpc/python\n  out: gen\n"
        "- plugin: connectrpc\n  out: gen\n  opt: protobuf=google",
    ),
}


@pytest.mark.parametrize(("name", "before", "wanted"), OPTIONS.values(), ids=OPTIONS)
def test_options_are_added(tmp_path: Path, name: str, before: str, wanted: str) -> None:
    new, answer = after(tmp_path, name, before)
    assert new == wanted
    assert [found.state for found in answer.found] == [State.NATIVE]
    assert answer.findings == []


COPIES = [
    ("COPY a_pb2.py a_pb2_grpc.py ./", "COPY a_pb2.py a_pb2_grpc.py a_connect.py ./"),
    ("COPY --chown=a gen/a_pb2_grpc.py gen/", "COPY --chown=a gen/a_pb2_grpc.py gen/a_connect.py gen/"),
    ("COPY *_pb2*.py .", "COPY *_pb2*.py *_connect.py ."),
    ("COPY . .", "COPY . ."),
]


@pytest.mark.parametrize(("before", "wanted"), COPIES)
def test_what_is_copied_by_name_comes_along(tmp_path: Path, before: str, wanted: str) -> None:
    new, answer = after(tmp_path, "Dockerfile", f"FROM python\n{before}\nCMD a\n")
    assert new == f"FROM python\n{wanted}\nCMD a\n"
    assert (answer.findings, len(answer.found)) == ([], before != wanted)


def test_other_copies_are_reported(tmp_path: Path) -> None:
    text = "cp gen/a_pb2_grpc.py src/\n"
    new, answer = after(tmp_path, "gen.sh", text)
    assert new == text
    assert [(finding.code, finding.advice) for finding in answer.findings] == [("G2C911", "add gen/a_connect.py")]


# The plugin's output would not import: `grpc2connect generate` goes after protoc, and after what corrects imports.
FOLLOWED = {
    "shell": ("gen.sh", f"{PROTOC}\necho\n", f"{PROTOC}\n{GENERATE}\necho\n"),
    "no line end": ("gen.sh", f"for a in b; do\n  {PROTOC}\ndone", f"for a in b; do\n  {PROTOC}\n  {GENERATE}\ndone"),
    "more on the line": (
        "gen.sh",
        "cd a && poetry run protoc --grpc_python_out=out a.proto || exit 1\n",
        "cd a && poetry run protoc --grpc_python_out=out a.proto && poetry run grpc2connect generate out || exit 1\n",
    ),
    "sed": (
        "gen.sh",
        f"{PROTOC}\nsed -i 's/^import \\(.*_pb2\\)/from . import \\1/' *_pb2*.py\nls\n",
        f"{PROTOC}\nsed -i 's/^import \\(.*_pb2\\)/from . import \\1/' *_pb2*.py\n{GENERATE}\nls\n",
    ),
    "sed in a loop": (
        "gen.sh",
        f"{PROTOC}\necho fix\nfor f in *.py; do\n  if a; then\n    {FIX} $f\n  fi\ndone\necho\n",
        f"{PROTOC}\necho fix\nfor f in *.py; do\n  if a; then\n    {FIX} $f\n  fi\ndone\n{GENERATE}\necho\n",
    ),
    "sed after the loop": (
        "gen.sh",
        f"for a in b; do\n  {PROTOC}\ndone\necho\n{FIX} *.py\necho\n",
        f"for a in b; do\n  {PROTOC}\ndone\necho\n{FIX} *.py\n{GENERATE}\necho\n",
    ),
    "quotes": (
        "gen.sh",
        'protoc --grpc_python_out="${OUT}" a.proto\nprotoc "--grpc_python_out=$A" a.proto\n',
        'protoc --grpc_python_out="${OUT}" a.proto\ngrpc2connect generate "${OUT}"\n'
        'protoc "--grpc_python_out=$A" a.proto\ngrpc2connect generate "$A"\n',
    ),
    "protoletariat": (
        "Makefile",
        f"x:\n\t{PROTOC}\n\tprotol --in-place --python-out . protoc a.proto\n",
        f"x:\n\t{PROTOC}\n\tprotol --in-place --python-out . protoc a.proto\n\t{GENERATE}\n",
    ),
    "one for several": ("gen.sh", f"{PROTOC}\n{PROTOC}\n2to3 -wn *_pb2.py\n", None),
    "docker": (
        "Dockerfile",
        f"FROM python\nRUN {PROTOC}\nRUN sed -i s/a/b/ *_pb2_grpc.py\nCMD a\n",
        f"FROM python\nRUN {PROTOC}\nRUN sed -i s/a/b/ *_pb2_grpc.py\nRUN {GENERATE}\nCMD a\n",
    ),
    "docker, lines": (
        "Dockerfile",
        "FROM python\nRUN cd a \\\n    && protoc --grpc_python_out=. \\\n       a.proto \\\n    && true\n",
        "FROM python\nRUN cd a \\\n    && protoc --grpc_python_out=. \\\n       a.proto \\\n"
        "       && grpc2connect generate . \\\n    && true\n",
    ),
    "yaml": ("ci.yml", f"a: b\nrun: {PROTOC}\n", f"a: b\nrun: {PROTOC} && {GENERATE}\n"),
    "yaml, folded": (
        "ci.yml",
        "run: >-\n  protoc\n  --grpc_python_out=.\n  a.proto\nz: 1\n",
        "run: >-\n  protoc\n  --grpc_python_out=.\n  a.proto\n  && grpc2connect generate .\nz: 1\n",
    ),
    "python": (
        "gen.py",
        '"""Doc."""\nfrom grpc_tools import protoc\n\ndef f():\n    protoc.main(["", "--grpc_python_out=src"])\n',
        '"""Doc."""\nimport subprocess\nimport sys\nfrom grpc_tools import protoc\n\ndef f():\n'
        '    protoc.main(["", "--grpc_python_out=src"])\n'
        '    subprocess.check_call([sys.executable, "-m", "grpc2connect", "generate", "src"])\n',
    ),
}


@pytest.mark.parametrize(("name", "before", "wanted"), FOLLOWED.values(), ids=FOLLOWED)
def test_generate_follows(tmp_path: Path, name: str, before: str, wanted: str | None) -> None:
    new, answer = after(tmp_path, name, before, plain=False)
    assert new == (wanted or f"{before}{GENERATE}\n")
    assert {found.state for found in answer.found} == {State.NATIVE}
    assert [finding.code for finding in answer.findings if finding.code == "G2C912"] == ["G2C912"]


@pytest.mark.parametrize(
    ("name", "text", "plain"),
    [
        ("gen.sh", "docker run --rm image --grpc_python_out=. a.proto\n", True),
        ("gen.sh", "if protoc --grpc_python_out=. a.proto; then true; fi\n", False),
        ("gen.sh", "protoc --grpc_python_out=. a.proto | tee log\n", False),
        ("gen.sh", f"fix() {{\n  {FIX} *.py\n}}\ngen() {{\n  {PROTOC}\n}}\nrest() {{\n  {FIX} *.py\n}}\n", False),
        ("gen.sh", f"for a in b; do\n  protoc --grpc_python_out=$a a.proto\ndone\n{FIX} *.py\n", False),
        ("gen.sh", f"{PROTOC}\nwhile a; do\n  {FIX} *.py\ndone < <(find .)\n", False),
        ("hook.py", 'args = ["--grpc_python_out=."]\nprotoc.main(args)\n', False),
        ("hook.py", 'def f():\n    protoc.main(["--grpc_python_out=."])\n    fix("*_pb2*.py")\n', False),
        (
            "setup.py",
            "from grpc_tools import command\nsetup(cmdclass={'b': command.BuildPackageProtos})\n",
            True,
        ),
        ("BUILD.bazel", 'py_grpc_library(\n    name = "a",\n)\n', True),
        ("pyproject.toml", f'[tool.poe.tasks]\ngen = "{PROTOC}"\n', False),
    ],
)
def test_reported_where_it_is_not_certain(tmp_path: Path, name: str, text: str, plain: bool) -> None:
    new, answer = after(tmp_path, name, text, plain=plain)
    assert new == text
    assert {found.state for found in answer.found} == {State.LEFT}
    codes = [finding.code for finding in answer.findings]
    assert codes and set(codes) == {"G2C910"}
    assert "connect" in answer.findings[0].advice


@pytest.mark.parametrize("text", [f"# {PROTOC}\n", "protoc --python_out=. a.proto\n", "echo --grpc_python_output\n"])
def test_others_stay(tmp_path: Path, text: str) -> None:
    new, answer = after(tmp_path, "gen.sh", text)
    assert (new, answer.found, answer.findings) == (text, [], [])


def test_a_place_of_what_has_not_moved_stays(tmp_path: Path) -> None:
    (tmp_path / "gen.sh").write_text(f"{PROTOC.replace('a.proto', 'b.proto')}\n")
    texts, answer = read(tmp_path)
    assert texts.result() == []
    assert [found.state for found in answer.found] == [State.LEFT]


def test_a_script_that_is_run_from_a_folder_above(tmp_path: Path) -> None:
    (tmp_path / "src" / "gen").mkdir(parents=True)
    script = tmp_path / "src" / "tools" / "gen.sh"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\nprotoc -Iprotos --grpc_python_out=src/gen protos/*.proto\n")
    (script.parent / "fix.py").write_text("NAMES = '_pb2'\n")  # so that the folder seems to be a part of its own
    files = [script, script.parent / "fix.py"]
    modules = [ConnectModule(tmp_path / "src" / "gen" / "a_connect.py", plain=True)]
    texts = Texts()
    read_places(files, texts, Situation(Options(tmp_path, (tmp_path,)), files, lambda: modules))
    assert f"--grpc_python_out=src/gen --connectrpc_out=src/gen {OPT} protos/*.proto" in (texts.get(script) or "")


def test_a_program_that_generates_works_for_the_project_around_it(tmp_path: Path) -> None:
    program = tmp_path / "scripts" / "gen.py"
    program.parent.mkdir()
    program.write_text(
        "import subprocess\nimport sys\n\n\ndef generate(out, proto):\n"
        "    command = [sys.executable, '-m', 'grpc_tools.protoc', f'--grpc_python_out={out}', str(proto)]\n"
        "    subprocess.run(command, check=True)\n    print(f'{proto.stem}_pb2.py')\n"
    )
    modules = [ConnectModule(tmp_path / "src" / "gen" / "a_connect.py", plain=True)]
    texts = Texts()
    situation = Situation(Options(tmp_path, (tmp_path,)), [program], lambda: modules)
    answer, _ = read_places([program], texts, situation)
    assert [found.state for found in answer.found] == [State.NATIVE]
    assert "--connectrpc_out={out}" in (texts.get(program) or "")


def test_modules_that_the_settings_put_elsewhere_are_not_generated_by_protoc(tmp_path: Path) -> None:
    path = tmp_path / "gen.sh"
    path.write_text("protoc --grpc_python_out=$OUT a.proto\n")
    settings = Options(tmp_path, (tmp_path,), generated=GeneratedPlace(tmp_path / "src", "gen"))
    modules = [ConnectModule(tmp_path / "src" / "a_connect.py", True)]
    texts = Texts()
    answer, _ = read_places([path], texts, Situation(settings, [path], lambda: modules))
    assert texts.result() == []
    assert [found.state for found in answer.found] == [State.BRIDGED]
    assert "grpc2connect generate" in answer.findings[0].advice


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("ci.yml", f"run: {PROTOC}\n  b: [\n", 2),
        ("buf.gen.yaml", "plugins:\n  - {\n", 3),
        ("Dockerfile", f"# a\nRUN {PROTOC}\n", 2),
    ],
)
def test_malformed_files_are_one_line(tmp_path: Path, name: str, text: str, line: int) -> None:
    (tmp_path / name).write_text(text)
    texts, answer = read(tmp_path)
    assert texts.result() == []
    (error,) = answer.errors
    assert (error.code, error.path) == ("G2C913", tmp_path / name)
    assert error.message.startswith(f"line {line}: ")


def test_an_older_plugin_of_connect_is_reported(tmp_path: Path) -> None:
    plugins = (
        "  - remote: buf.build/grpc/python\n    out: .\n  - remote: buf.build/connectrpc/python:v0.4.2\n    out: .\n"
    )
    _, answer = after(tmp_path, "buf.gen.yaml", f"version: v2\nplugins:\n{plugins}")
    assert [finding.code for finding in answer.findings] == ["G2C910"]
    assert "protoc-gen-connectrpc>=0.13" in answer.findings[0].advice


def test_who_runs_buf_runs_generate_after_it(tmp_path: Path) -> None:
    (tmp_path / "buf.gen.yaml").write_text("version: v2\nplugins:\n  - local: protoc-gen-grpc_python\n    out: gen\n")
    new, _ = after(tmp_path, "Makefile", "x:\n\tuv run buf generate\n", plain=False)
    assert new == "x:\n\tuv run buf generate\n\tuv run grpc2connect generate gen\n"


def page(*lines: str, info: str = "sh") -> str:
    return "\n".join(["# Build", "", f"```{info}", *lines, "```", "", "Done.", ""])


@pytest.mark.parametrize("name", ["README.md", "docs/CONTRIBUTING.markdown"])
@pytest.mark.parametrize("text", [page(PROTOC), page(f"$ {PROTOC}", info="console"), page("cd .", PROTOC, info="")])
def test_a_page_is_told_about_and_not_edited(tmp_path: Path, name: str, text: str) -> None:
    new, answer = after(tmp_path, name, text)
    assert new == text
    assert [found.state for found in answer.found] == [State.BRIDGED]
    assert [(finding.code, finding.severity) for finding in answer.findings] == [("G2C910", Severity.NOTE)]
    assert f"--connectrpc_out=. {OPT}" in answer.findings[0].advice
    _, answer = after(tmp_path, name, text, plain=False)
    assert "`grpc2connect generate .`" in answer.findings[0].advice


@pytest.mark.parametrize(
    "text",
    [
        PROTOC,  # no command, as it stands in no block
        page(PROTOC, info="python"),
        page(f"# {PROTOC}"),
        page(PROTOC.replace("a.proto", "b.proto")),  # of another project
        page("protoc --python_out=. a.proto"),
    ],
)
def test_other_pages_say_nothing(tmp_path: Path, text: str) -> None:
    new, answer = after(tmp_path, "README.md", text)
    assert (new, answer.found, answer.findings) == (text, [], [])


def test_a_page_that_has_moved_is_native(tmp_path: Path) -> None:
    _, answer = after(tmp_path, "README.md", page(PLAIN))
    assert [found.state for found in answer.found] == [State.NATIVE] and answer.findings == []


def test_a_page_says_where_stubs_go_if_nothing_else_does(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    text = page("git clone https://example.org/shop && cd shop", "cd web", "protoc --grpc_python_out=gen a.proto")
    (tmp_path / "README.md").write_text(text)
    (tmp_path / "NOTES.md").write_text(text.replace("gen", "other"))
    options = Options(tmp_path, (tmp_path,))
    assert out_folders(options) == {str(tmp_path / "web" / "gen")}
    (tmp_path / "gen.sh").write_text("protoc --grpc_python_out=made a.proto\n")
    assert out_folders(options) == {str(tmp_path / "made")}


@pytest.mark.parametrize("form", ["baseline", "json", "sarif"])
def test_what_this_tool_has_written_is_no_place(tmp_path: Path, form: str) -> None:
    """The lines of a baseline, and the texts of a report, are those of the places that they are about."""
    (tmp_path / "Makefile").write_text(f"gen:\n\t{PROTOC}\n")
    found = read(tmp_path)[1].found
    assert found
    if form == "baseline":
        written = Baseline(Counter({Key.of("Makefile", "G2C910", PROTOC): 1})).render()
    else:
        done = running.tool("report", "--format", form, str(tmp_path), cwd=tmp_path)
        assert done.returncode == 0, running.said(done)
        written = done.stdout
        assert b"--grpc_python_out" in written
    for name in ("written.json", "written", "written.sh"):
        (tmp_path / name).write_bytes(written)
    assert {one.place.path.name for one in read(tmp_path)[1].found} == {"Makefile"}
