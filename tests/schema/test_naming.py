"""Names, held against the real plugin."""

from __future__ import annotations

import ast

import pytest

from grpc2connect.generate.plugin import find_plugin, run_plugin
from grpc2connect.schema import GrpcModule, MessagePlace, Method, Service, clashes, module_clashes
from grpc2connect.schema.clashes import generated_classes
from grpc2connect.schema.naming import method_name, service_name

ODD = """
SayHello GetHTTPUrl HTTPGet List2Items ListV2Items ABTest2B GetOAuth2Token GetIPv4Address Import Desc _Private match
type print None none Class lambda say_hello sayHello A AB Abc aBC ExecuteUnary execute_bidi_stream pb_x Pb_X X1Y2Z3 is
__Dunder Yield Async Self Get_HTTP_Url GetX getURLs URLs Try_ X_Y x__Y
"""
RPCS = ODD.split()
SERVICES = ["Echo", "echo", "Import", "import", "None", "_Under", "pb_Service", "EchoV2", "class_"]


def plugin_classes(service: str, rpcs: list[str]) -> dict[str, list[str]]:
    """The classes that the plugin makes, with their methods."""
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

    plugin = find_plugin()
    assert plugin is not None
    file = FileDescriptorProto(name="x.proto", package="p", syntax="proto3")
    file.message_type.add(name="M")
    added = file.service.add(name=service)
    for rpc in rpcs:
        added.method.add(name=rpc, input_type=".p.M", output_type=".p.M")
    tree = ast.parse(run_plugin(plugin, [file], ["x.proto"])["x.proto"])
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        node.name: [item.name for item in node.body if isinstance(item, functions)]
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }


def service(name: str, rpcs: list[str], package: str = "p") -> Service:
    place = MessagePlace("x.proto", "M")
    methods = tuple(Method(rpc, method_name(rpc), False, False, "p.M", "p.M", place, place) for rpc in rpcs)
    return Service(f"{package}.{name}", name, "x.proto", methods)


def test_methods_are_called_as_the_plugin_calls_them() -> None:
    assert plugin_classes("Echo", RPCS)["Echo"] == [method_name(rpc) for rpc in RPCS]


@pytest.mark.parametrize("name", SERVICES)
def test_classes_are_called_as_the_plugin_calls_them(name: str) -> None:
    assert sorted(plugin_classes(name, ["A"])) == sorted(generated_classes(service(name, ["A"])))
    assert service(name, []).connect_service == service_name(name)


def test_grpc_names() -> None:
    echo = service("Echo", ["A"])
    assert (echo.stub_class, echo.servicer_class, echo.adder) == (
        "EchoStub",
        "EchoServicer",
        "add_EchoServicer_to_server",
    )
    assert echo.method("A") == echo.methods[0]
    assert echo.method("a") is None


def test_clashes() -> None:
    assert clashes(service("Echo", ["A", "B"])) == []
    (twice,) = clashes(service("Echo", ["GetHTTPUrl", "Get_HTTP_Url"]))
    assert "GetHTTPUrl and Get_HTTP_Url" in twice and "get_http_url" in twice
    (close,) = clashes(service("Echo", ["Close"]))
    assert "close()" in close
    assert clashes(service("Desc", ["Desc"])) == []
    assert any("ConnectClient " in line for line in clashes(service("Connect", ["A"])))
    place = MessagePlace("y.proto", "EchoClient")
    shadowed = Service("p.Echo", "Echo", "x.proto", (Method("A", "a", False, False, "q.EchoClient", "p.M", place),))
    assert "q.EchoClient" in clashes(shadowed)[0]
    assert "EchoSync" in module_clashes([service("Echo", ["A"]), service("EchoSync", ["A"])])[0]


def test_modules_hash_and_compare_by_what_they_are() -> None:
    one = GrpcModule(None, "a.x_pb2_grpc", (service("Echo", ["A"]),), "x.proto")
    assert one == GrpcModule(None, "x_pb2_grpc", (service("Echo", ["A"]),), "x.proto")
    assert len({one, one}) == 1
