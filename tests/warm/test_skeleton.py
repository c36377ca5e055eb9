"""What has the same skeleton has no more of gRPC for the engine either; and what brings more has another skeleton."""

from __future__ import annotations

import ast
import json
import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from grpc2connect.apart import is_read_apart
from grpc2connect.engine import run
from grpc2connect.options import Options
from grpc2connect.project.dependencies import documents
from grpc2connect.project.generation import outs, programs
from grpc2connect.results import Loud, RunResult
from grpc2connect.skeleton import Names, NoSkeleton, digest_of
from grpc2connect.skeleton.names import words

PROJECTS = Path(__file__).parents[2] / "fixtures" / "projects"
FILES = {
    "app/__init__.py": "",
    "app/client.py": '''"""A client."""

import logging

import grpc

import greeting_pb2
from app import helpers
from app.helpers import Fake, Other, make, ready
from greeting_pb2_grpc import GreeterStub

LOG = logging.getLogger(__name__)
LIMIT = 3


class Client:
    def __init__(self, channel: grpc.Channel, fake=None) -> None:
        self.stub = GreeterStub(channel)
        self.fake = Fake()
        self.other = Other()
        self.count = 0

    def greet(self, name: str) -> str:
        """Greets."""
        LOG.info("greets %s", name)
        try:
            found = self.stub.SayHello(greeting_pb2.HelloRequest(name=name), timeout=5)
        except grpc.RpcError as error:
            LOG.warning("no: %s", error.code())
            return "nobody"
        return found.message

    def ask(self) -> object:
        return self.fake.SayHello("x")

    def tell(self, value: object) -> None:
        print(value)

    def close(self) -> None:
        helpers.wait(self.stub)


def told(error: object) -> object:
    return error.code()


def forward(target: object) -> object:
    return target.SayHello(1)


def run() -> None:
    with make("localhost:1") as channel:
        client = Client(channel)
        client.greet("world")
        forward(Fake())
        ready(channel)
        values = [1, 2]
        for value in values:
            client.tell(value)
''',
    "app/helpers.py": '''"""Helpers."""

import grpc


class Fake:
    def SayHello(self, request):
        return request

    def names(self):
        return []


class Other:
    def nothing(self):
        return None


def make(address):
    return grpc.insecure_channel(address)


def ready(channel):
    return None


def wait(stub):
    return 0


def word():
    return "word"
''',
    "app/plain.py": '''"""Nothing of gRPC, but it is imported."""

from app import client


def total(values):
    found = 0
    for value in values:
        found += value
    return found


def start():
    client.run()
''',
    "app/server.py": """from concurrent import futures

import grpc
from greeting_pb2 import HelloReply
from greeting_pb2_grpc import GreeterServicer, add_GreeterServicer_to_server


class Greeter(GreeterServicer):
    prefix = "Hello"

    def SayHello(self, request, context):
        if not request.name:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no name")
        text = self.text(request.name)
        return HelloReply(message=text)

    def text(self, name):
        return f"{self.prefix}, {name}"


def serve():
    server = grpc.server(futures.ThreadPoolExecutor(2))
    add_GreeterServicer_to_server(Greeter(), server)
    server.start()
""",
}

FINE = [
    ("app/client.py", "LIMIT = 3", "LIMIT = 4\nNAMES = ['a', \"it's b\"]"),
    ("app/client.py", '"""Greets."""', '"""Greets with a GreeterStub, or not."""  # SayHello'),
    ("app/client.py", 'LOG.info("greets %s", name)\n', "started = name.upper()\n        LOG.debug(started)\n"),
    ("app/client.py", "timeout=5", "timeout=7"),  # what a call is given belongs to no reference
    ("app/client.py", "def told(", "def _twice(value: int) -> int:\n    return 2 * value\n\n\ndef told("),
    ("app/client.py", "    def tell(", "    def _quiet(self, this):\n        return self.count\n\n    def tell("),
    ("app/client.py", "        print(value)", "        if value:\n            self.count += 1"),
    ("app/client.py", "values = [1, 2]", "values = [each for each in range(LIMIT) if each]"),
    ("app/client.py", "import logging\n", "import logging\nimport re\nfrom collections import Counter\n"),
    ("app/client.py", "        print(value)", "        print('pip install grpcio')  # or protoc"),
    ("app/helpers.py", "def word():", "def fetch():\n    call(['pip', 'install', 'protoc'])\n\n\ndef word():"),
    ("app/helpers.py", 'return "word"', 'return "another" + str(len("word"))'),
    ("app/plain.py", "    found = 0\n", "    found = len(values)\n    print(found)\n"),
    ("app/server.py", "        text = self.text(request.name)\n", "        text = request.name.strip()\n"),
    ("app/server.py", 'f"{self.prefix}, {name}"', '"hello " + name'),
]  # fmt: skip

TRIES = "        try:\n            print(value)\n        except Exception as bad:\n            "

NEW = [
    ("app/client.py", "        print(value)", "        value.SayHello()"),
    ("app/client.py", "        print(value)", "        one = self\n        one.stub.SayHello(1)"),
    ("app/client.py", "        print(value)", "        stub = getattr(self, 'stub')\n        stub.SayHello(value)"),
    ("app/client.py", "        print(value)", "        for one in [self.stub]:\n            one.SayHello(value)"),
    ("app/client.py", "            client.tell(value)", "            client.tell(channel.close)"),
    ("app/client.py", "            client.tell(value)", "            helpers.make('x').close()"),
    ("app/client.py", "        print(value)", TRIES + "bad.code()"),
    ("app/client.py", "        print(value)", TRIES + "told(bad)"),
    ("app/client.py", "        forward(Fake())\n", "        forward(open('x'))\n"),
    ("app/client.py", "        forward(Fake())\n", ""),
    ("app/client.py", "self.fake = Fake()", "self.fake = fake"),
    ("app/client.py", "import Fake, Other", "import Other"),
    ("app/client.py", "LIMIT = 3", "LIMIT = 3\n\n\ndef ready(one):\n    one.close()\n"),
    ("app/client.py", "def told(error: object)", 'def told(error: "grpc.RpcError")'),
    ("app/client.py", "LIMIT = 3", "LIMIT = eval('grpc.StatusCode')"),
    ("app/helpers.py", "def wait(stub):\n    return 0", "def wait(one):\n    one.SayHello(1)"),
    ("app/helpers.py", "def ready(channel):\n    return None", "def ready(channel):\n    return channel.close()"),
    ("app/helpers.py", "def word():\n", "def word(made=make('x')):\n    made.close()\n"),
    ("app/plain.py", "    client.run()", "    client.Client(None).stub.SayHello(1)"),
    ("app/server.py", 'return f"{self.prefix}, {name}"', 'return self.SayHello(name, None)'),
    ("app/server.py", "def serve():", "def serve(more=Greeter().SayHello):"),
    ("app/client.py", "        print(value)", "        print(['x', '--grpc_python_out=.'])"),
    ("app/client.py", "        print(value)", "        value.run(['x', '--python_out=.', '--grpc_python_out=.'])"),
]  # fmt: skip

CAREFUL = [
    ("app/client.py", "LIMIT = 3", "LIMIT = 3\nready = print"),
    ("app/helpers.py", "    def SayHello(self, request):", "    def Say(self, request):"),
    ("app/helpers.py", "    def names(self):", "    def __getattr__(self, name):"),
    ("app/client.py", "LOG.info(", "LOG.info(  # g2c: ignore[G2C5] known\n            "),
    ("app/client.py", '"""A client."""', '# -*- coding: latin-1 -*-\n"""A client."""'),
    ("app/client.py", "LIMIT = 3", "LIMIT = 3\nfrom app.plain import *"),
    ("app/client.py", "LIMIT = 3", "LIMIT = 3\nimport app.plain"),
    ("app/client.py", "LIMIT = 3", "LIMIT = 3\nfrom os import path as super"),
    ("app/client.py", "def forward(target: object)", "def forward(target: object, getattr: object = None)"),
    ("app/client.py", "GreeterStub(channel)", "GreeterStub(\n            channel)"),
    ("app/client.py", "LOG.warning", "global LOG\n            LOG.warning"),
    ("app/client.py", "def told(error: object)", "@staticmethod\ndef told(error: object)"),
    ("app/plain.py", "found = 0", "found = 0  # SayHello"),
    ("app/plain.py", "found = 0", "found = 0\n    total = 'GreeterStub'"),
    ("app/server.py", "            context.abort", "            pass\n        with name:\n            context.abort"),
    ("app/server.py", '        return HelloReply', '        yield request\n        return HelloReply'),
    ("app/server.py", "class Greeter(GreeterServicer)", "class Greeter(GreeterServicer, object)"),
    ("app/client.py", "        print(value)", "        print('--grpc_out=.')"),
    ("app/client.py", '"""A client."""', '# /// script\n# dependencies = ["grpcio"]\n# ///\n"""A client."""'),
]  # fmt: skip


@dataclass
class Looked:
    """A project after a run, to which it can be put back."""

    folder: Path
    files: dict[Path, bytes]
    loud: Loud
    result: RunResult
    keys: dict[Path, Counter[tuple[str, str]]]

    def same(self, path: Path, data: bytes) -> bool:
        """Whether a file has its skeleton still, with other bytes, of which no other reader takes any up."""
        loud, reach = self.loud, self.result.reach
        names = Names(loud.spelled, loud.rpcs, loud.attributes, loud.watched, loud.tops)
        if path not in loud.files or is_read_apart(str(path), data):
            return False
        scopes, before = loud.files[path]
        try:
            return digest_of(data, names, scopes, reach.holders, reach.fixtures) == before
        except (NoSkeleton, SyntaxError, ValueError):
            return False

    def more(self, changed: dict[Path, bytes]) -> dict[Path, Counter[tuple[str, str]]]:
        """The references that a whole run finds with some changes and did not without them."""
        for path, data in changed.items():
            path.write_bytes(data)
        result = run(Options(self.folder, (self.folder,)))
        for path in changed:
            path.write_bytes(self.files[path])
        assert result.audit.holds
        assert len(result.errors) == len(self.result.errors)
        keys = references(result)
        return {path: new for path in self.loud.files if (new := keys.get(path, Counter()) - self.keys[path])}


def references(result: RunResult) -> dict[Path, Counter[tuple[str, str]]]:
    found: dict[Path, Counter[tuple[str, str]]] = {}
    for entry in result.ledger:
        found.setdefault(entry.place.path, Counter())[entry.code, entry.text] += 1
    return found


def looked(folder: Path) -> Looked:
    result = run(Options(folder, (folder,)))
    assert result.reach.loud is not None
    files = {path: path.read_bytes() for path in result.reach.loud.files}
    keys = references(result)
    return Looked(folder, files, result.reach.loud, result, {path: keys.get(path, Counter()) for path in files})


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Looked:
    folder = tmp_path_factory.mktemp("program")
    for name in ("greeting_pb2.py", "greeting_pb2_grpc.py"):
        shutil.copy(PROJECTS / "hello_flat" / name, folder)
    cell = {"cell_type": "code", "source": "import grpc\n", "metadata": {}, "outputs": [], "execution_count": None}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "look.ipynb").write_text(json.dumps(notebook))
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return looked(folder)


def edited(program: Looked, name: str, old: str, new: str) -> tuple[Path, bytes]:
    path = program.folder / name
    text = program.files[path].decode()
    assert text.count(old) == 1, old
    return path, text.replace(old, new).encode()


def test_of_notebooks_nothing_is_said(program: Looked) -> None:
    notebook = program.folder / "look.ipynb"
    assert notebook in program.result.reach.parsed
    assert notebook not in program.files


def test_what_is_not_of_grpc_may_change(program: Looked) -> None:
    changed: dict[Path, bytes] = {}
    for name, old, new in FINE:
        path, data = edited(program, name, old, new)
        assert program.same(path, data), new
        changed[path] = changed.get(path, data).replace(old.encode(), new.encode())
    assert all(program.same(path, data) for path, data in changed.items())
    assert not program.more(changed)


@pytest.mark.parametrize(("name", "old", "new"), NEW)
def test_what_is_new_shows(program: Looked, name: str, old: str, new: str) -> None:
    path, data = edited(program, name, old, new)
    assert program.more({path: data}), "the engine finds nothing new: no case of this table"
    assert not program.same(path, data)


@pytest.mark.parametrize(("name", "old", "new"), CAREFUL)
def test_what_may_matter_shows(program: Looked, name: str, old: str, new: str) -> None:
    path, data = edited(program, name, old, new)
    ast.parse(data)
    assert not program.same(path, data)


@pytest.fixture(scope="module")
def given(program: Looked, tmp_path_factory: pytest.TempPathFactory) -> Looked:
    """The program; or, by hand, a copy of the project that `G2C_EDITS_OF` names."""
    named = os.environ.get("G2C_EDITS_OF")
    if not named:
        return program
    folder = tmp_path_factory.mktemp("given") / "project"
    shutil.copytree(named, folder, ignore=shutil.ignore_patterns(".git"), symlinks=True)
    return looked(folder)


INSERTED = [
    "print({name})", "{name} = {other}", "self.{attribute} = {name}", "made = self.{attribute}", "{name}.{attribute}()",
    "made = {name}.{attribute}", "{name}({other})", "for one in {name}: one.{attribute}()", "return {name}",
    "with {name} as one: one.{attribute}()", "made = lambda {name}: {name}.{attribute}", "del {name}",
    "try:\n    {name}\nexcept Exception as {other}:\n    print({other}.{attribute})", "import {name}",
    "def {name}({other}):\n    return {other}.{attribute}", "class {name}({other}): pass", "{name}.append({other})",
    "getattr({name}, '{attribute}')", "@{name}\ndef made({other}): pass", "{name}: {other} = None", "yield {name}",
    "assert isinstance({name}, {other})", "print(f'{{{name}.{attribute}}} of {{{other}}}')", "'{name} {attribute}'",
    "print(['pip', 'install', '{name}'])", "session.install('{name}')", "print(['protoc', '--python_out={name}'])",
    "print(['--grpc_python_out={name}'])", "# /// script\n# dependencies = ['{name}']\n# ///", "preload_app = True",
]  # fmt: skip


def random_edits(data: bytes, dice: random.Random) -> Iterator[bytes]:
    """A file with one thing changed: a statement more, one less, one elsewhere, one expression for another."""
    while True:
        tree, lines = ast.parse(data), data.split(b"\n")
        nodes = list(ast.walk(tree))
        names = sorted({node.id for node in nodes if isinstance(node, ast.Name)}) or ["x"]
        attributes = sorted({node.attr for node in nodes if isinstance(node, ast.Attribute)}) or ["y"]
        place, other = dice.choices([node for node in nodes if isinstance(node, ast.stmt)], k=2)
        at, indent = place.lineno - 1, b" " * place.col_offset
        block = lines[other.lineno - 1 : other.end_lineno]
        match dice.randrange(5):
            case 0:
                lines[at : place.end_lineno] = [indent + b"pass"]
            case 1:
                lines[at:at] = [indent + line[other.col_offset :] for line in block]
            case 2:
                one, two = dice.choices([e for e in nodes if isinstance(e, ast.expr) and e.lineno == e.end_lineno], k=2)
                line, put = lines[one.lineno - 1], lines[two.lineno - 1][two.col_offset : two.end_col_offset]
                lines[one.lineno - 1] = line[: one.col_offset] + put + line[one.end_col_offset :]
            case _:
                name, second = dice.choices(names, k=2)
                text = dice.choice(INSERTED).format(name=name, other=second, attribute=dice.choice(attributes))
                lines[at:at] = [indent + line.encode() for line in text.split("\n")]
        changed = b"\n".join(lines)
        try:
            ast.parse(changed)
        except SyntaxError:
            continue
        if changed != data:
            yield changed


@pytest.mark.parametrize("seed", range(int(os.environ.get("G2C_EDITS_SEEDS", "3"))))
def test_random_edits_with_the_same_skeleton_bring_nothing_new(given: Looked, seed: int) -> None:
    dice = random.Random(seed)
    changed = dict(given.files)
    paths = [path for path, data in changed.items() if data]
    kept = []
    for _ in range(120):
        path = dice.choice(paths)
        data = next(random_edits(changed[path], dice))
        if given.same(path, data):
            changed[path] = data
            kept.append(path)
    assert len(kept) > 5
    assert not given.more(changed), f"{len(kept)} edits"


def test_words_are_what_python_could_have_for_names() -> None:
    every = "".join(map(chr, range(128)))
    letters = "abcdefghijklmnopqrstuvwxyz"
    assert words(every) == ["0123456789", letters.upper(), "_", letters]
    assert words("an_ample é1 naïve-x") == ["an_ample", "é1", "naïve", "x", "an_ample", "1", "na", "ve", "x"]


def test_what_other_readers_look_for_is_told_apart() -> None:
    for mark in (*programs.MENTIONS, *outs.OPTIONS, documents.SCRIPT):
        assert is_read_apart("tool.py", b"x = '" + mark + b"'")
    for name in ("setup.py", "noxfile.py"):
        assert documents.is_document(Path(name))
        assert is_read_apart(os.path.join("some", name), b"")
    assert not is_read_apart("install.py", b"run(['pip', 'install', 'protoc'])")
