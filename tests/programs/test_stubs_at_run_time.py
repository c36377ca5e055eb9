"""Stubs that grpcio makes of a proto when the program runs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from grpc2connect.results import State
from tests.programs.conftest import Program

PROTO = (
    'syntax = "proto3";\npackage lamps;\nmessage Lamp { string name = 1; }\n'
    "service Lamps { rpc Light(Lamp) returns (Lamp); }\n"
)
USE = (
    "import grpc\n\n"
    "lamp_pb2, lamp_pb2_grpc = {made}\n\n\n"
    "def light(target):\n"
    "    with grpc.insecure_channel(target) as channel:\n"
    "        return lamp_pb2_grpc.LampsStub(channel).Light(lamp_pb2.Lamp(name='desk'))\n"
)
MADE = 'grpc.protos_and_services("lamp.proto")'


def test_a_client_and_a_server_that_talk(program: Program) -> None:
    program.write("lamp.proto", PROTO)
    program.write("client.py", USE.format(made=MADE))
    program.write(
        "main.py",
        "import grpc\nfrom concurrent import futures\n\nimport client\n\n"
        'lamp_pb2 = grpc.protos("lamp.proto")\n'
        'services = grpc.services("lamp.proto")\n\n\n'
        "class Lamps(services.LampsServicer):\n"
        "    def Light(self, request, context):\n"
        "        return lamp_pb2.Lamp(name=request.name.upper())\n\n\n"
        "server = grpc.server(futures.ThreadPoolExecutor())\n"
        "services.add_LampsServicer_to_server(Lamps(), server)\n"
        'port = server.add_insecure_port("127.0.0.1:0")\n'
        "server.start()\n"
        'print(client.light(f"127.0.0.1:{port}").name)\n'
        "server.stop(None).wait(10)\n",
    )
    old = subprocess.run([sys.executable, "main.py"], cwd=program.folder, capture_output=True, timeout=60, check=True)
    assert State.LEFT not in {entry.state for entry in program.migrate().ledger}
    assert "grpc." not in program.text("client.py") + program.text("main.py")
    new = subprocess.run([sys.executable, "main.py"], cwd=program.folder, capture_output=True, timeout=60, check=True)
    assert old.stdout.split() == new.stdout.split() == [b"DESK"]


@pytest.mark.parametrize(
    "made",
    [
        "grpc.protos_and_services(NAME)",
        'grpc.protos_and_services("other.proto")',
        'grpc.protos_and_services("../lamp.proto")',
        'grpc.protos_and_services("lamp.txt")',
        'grpc.protos_and_services("broken.proto")',
    ],
)
def test_a_proto_that_is_not_known_stays(program: Program, made: str) -> None:
    text = USE.format(made=made)
    program.write("lamp.proto", PROTO)
    program.write("lamp.txt", PROTO)
    program.write("client.py", text)
    program.migrate()
    assert program.text("client.py") == text


def test_a_proto_of_which_stubs_lie_beside_it(program: Program) -> None:
    text = USE.replace("lamp", "greeting").replace("Lamps", "Greeter").format(made=MADE.replace("lamp", "greeting"))
    program.write("client.py", text.replace("Light", "SayHello").replace("Lamp", "HelloRequest"))
    program.migrate()
    assert "channel.client(greeting_connect.GreeterClientSync).say_hello(" in program.text("client.py")
    assert "proto_messages" not in program.text("greeting_connect.py")


def test_where_the_service_stays_all_stays(program: Program) -> None:
    text = USE.format(made=MADE) + "\n\nvars(lamp_pb2_grpc.LampsStub(grpc.insecure_channel('')))\n"
    program.write("lamp.proto", PROTO)
    program.write("client.py", text)
    program.migrate()
    assert program.text("client.py") == text


def test_two_protos_of_one_name_are_two_services(program: Program) -> None:
    for folder in ("one", "two"):
        program.write(f"{folder}/lamp.proto", PROTO)
    program.write("one/client.py", USE.format(made=MADE))
    stays = USE.format(made=MADE) + "\n\nvars(lamp_pb2_grpc.LampsStub(grpc.insecure_channel('')))\n"
    program.write("two/client.py", stays)
    program.migrate()
    assert "proto_messages" in program.text("one/client.py")
    assert program.text("two/client.py") == stays


def test_functions_of_the_same_names_are_no_grpc(program: Program) -> None:
    text = USE.replace("import grpc\n", "import own as grpc\n").format(made=MADE)
    program.write("own.py", "def protos_and_services(name):\n    return name, name\n")
    program.write("lamp.proto", PROTO)
    program.write("client.py", text)
    program.migrate()
    assert program.text("client.py") == text


def test_a_module_of_services_that_goes_as_a_value(program: Program) -> None:
    program.write("lamp.proto", PROTO)
    program.write(
        "client.py",
        USE.format(made=MADE) + "\n\ndef stub(channel):\n    return build(lamp_pb2_grpc, channel)\n\n\n"
        "def build(services, channel):\n    return services.LampsStub(channel)\n\n\n"
        "stub(grpc.insecure_channel('localhost:1'))\n",
    )
    program.migrate()
    assert "generated_names(lamp_connect)" in program.text("client.py")
