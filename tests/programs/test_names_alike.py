"""Two generated modules or classes that are called alike: names that tell them apart today go on doing so."""

from __future__ import annotations

import pytest
from grpc_tools import protoc

from grpc2connect.options import GeneratedPlace
from tests.programs.conftest import Program

VERSIONS = """syntax = "proto3";
package shop.{version};
message Item {{ string name = 1; }}
service Stock {{ rpc Get (Item) returns (Item); rpc Put (Item) returns (Item); }}
"""


def two_versions(program: Program) -> None:
    folder = program.folder
    program.write("shop/__init__.py", "")
    for version in ("v1", "v2"):
        proto = program.write(f"shop/{version}/stock.proto", VERSIONS.format(version=version))
        program.write(f"shop/{version}/__init__.py", "")
        made = protoc.main(["", f"-I{folder}", f"--python_out={folder}", f"--grpc_python_out={folder}", str(proto)])
        assert made == 0


@pytest.mark.parametrize(
    ("imports", "first", "second", "wanted", "one", "other"),
    [
        (
            "from shop.v1 import stock_pb2_grpc as rpc_v1\nfrom shop.v2 import stock_pb2_grpc as rpc_v2\n",
            "rpc_v1.StockStub",
            "rpc_v2.StockStub",
            [
                "from shop.v1 import stock_connect as stock_connect_v1\n",
                "from shop.v2 import stock_connect as stock_connect_v2\n",
            ],
            "stock_connect_v1.StockClientSync",
            "stock_connect_v2.StockClientSync",
        ),
        (
            "import shop.v1.stock_pb2_grpc as old\nfrom shop.v2 import stock_pb2_grpc\n",
            "old.StockStub",
            "stock_pb2_grpc.StockStub",
            [
                "import shop.v1.stock_connect as stock_connect_v1\n",
                "from shop.v2 import stock_connect as stock_connect_v2\n",
            ],
            "stock_connect_v1.StockClientSync",
            "stock_connect_v2.StockClientSync",
        ),
        (
            "from shop.v1.stock_pb2_grpc import StockStub as Old\nfrom shop.v2.stock_pb2_grpc import StockStub\n",
            "Old",
            "StockStub",
            [
                "from shop.v1.stock_connect import StockClientSync as StockClientSyncV1\n",
                "from shop.v2.stock_connect import StockClientSync as StockClientSyncV2\n",
            ],
            "StockClientSyncV1",
            "StockClientSyncV2",
        ),
        (
            "import shop.v1.stock_pb2_grpc\nimport shop.v2.stock_pb2_grpc\n",
            "shop.v1.stock_pb2_grpc.StockStub",
            "shop.v2.stock_pb2_grpc.StockStub",
            ["import shop.v1.stock_connect\n", "import shop.v2.stock_connect\n"],
            "shop.v1.stock_connect.StockClientSync",
            "shop.v2.stock_connect.StockClientSync",
        ),
        (
            "from shop.v1 import stock_pb2_grpc as v1_pb2_grpc\nfrom shop.v2 import stock_pb2_grpc as v2_pb2_grpc\n",
            "v1_pb2_grpc.StockStub",
            "v2_pb2_grpc.StockStub",
            [
                "from shop.v1 import stock_connect as v1_connect\n",
                "from shop.v2 import stock_connect as v2_connect\n",
            ],
            "v1_connect.StockClientSync",
            "v2_connect.StockClientSync",
        ),
    ],
    ids=["modules", "a module's own name", "classes", "whole names", "names that differ"],
)
def test_what_is_called_alike_is_told_apart_as_before(
    program: Program, imports: str, first: str, second: str, wanted: list[str], one: str, other: str
) -> None:
    two_versions(program)
    text = f"import grpc\n{imports}\n\ndef both(target):\n    channel = grpc.insecure_channel(target)\n"
    program.write("app.py", f"{text}    return {second}(channel), {first}(channel)\n")
    program.migrate()
    after = program.text("app.py")
    assert [line for line in wanted if line not in after] == []
    assert f"return channel.client({other}), channel.client({one})\n" in after


def test_modules_elsewhere_that_are_called_alike_are_told_apart(program: Program) -> None:
    two_versions(program)
    program.write("gen/__init__.py", "")
    for built in [*program.folder.glob("shop/*/stock_pb2*.py")]:  # they are made elsewhere
        built.unlink()
    text = "from shop.v1 import stock_pb2_grpc as old\nfrom shop.v2 import stock_pb2_grpc\nimport grpc\n\n"
    text += "channel = grpc.insecure_channel('a:1')\n"
    text += "stubs = old.StockStub(channel), stock_pb2_grpc.StockStub(channel)\n"
    program.write("app.py", text)
    result = program.run(generated=GeneratedPlace(program.folder / "gen", "gen"))
    (after,) = (change.after.decode() for change in result.changes if change.path.name == "app.py")
    assert "from gen.shop.v1 import stock_connect as stock_connect_v1\n" in after
    assert "from gen.shop.v2 import stock_connect as stock_connect_v2\n" in after
    assert "stock_connect_v1.StockClientSync), channel.client(stock_connect_v2.StockClientSync)" in after


@pytest.mark.parametrize(
    "binds",
    [
        "def greet(greeting_connect):\n",
        "def greet(address):\n    match address:\n        case str() as greeting_connect:\n            pass\n",
        "def greet(address):\n    try:\n        hash(address)\n    except ValueError as greeting_connect: raise\n",
    ],
)
def test_a_new_module_does_not_take_a_name_of_the_file_s_own(program: Program, binds: str) -> None:
    text = f"import grpc\nimport greeting_pb2_grpc\n\n{binds}"
    text += "    with grpc.insecure_channel('a:1') as channel:\n"
    text += "        return greeting_pb2_grpc.GreeterStub(channel)\n"
    program.write("app.py", text)
    program.migrate()
    after = program.text("app.py")
    assert "import greeting_connect as greeting_connect_module\n" in after
    assert "channel.client(greeting_connect_module.GreeterClientSync)" in after


def test_what_one_name_stands_for_by_a_condition_keeps_one(program: Program) -> None:
    two_versions(program)
    text = "import sys\nimport grpc\n\nif len(sys.argv) > 1:\n    from shop.v1 import stock_pb2_grpc\nelse:\n"
    text += "    from shop.v2 import stock_pb2_grpc\n\nstub = stock_pb2_grpc.StockStub(grpc.insecure_channel('a:1'))\n"
    program.write("app.py", text)
    program.migrate()
    assert "_v1" not in program.text("app.py")
