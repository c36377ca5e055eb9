"""The inference ends, whatever a program does to what it knows little of."""

from __future__ import annotations

from tests.programs.conftest import Program


def test_calls_of_calls_in_a_loop(program: Program) -> None:
    program.write(
        "app.py",
        "import grpc\n\nimport greeting_pb2_grpc as rpc\n\n\ndef longer(text):\n"
        "    for _ in range(3):\n        text = text.decode().strip()\n        for _ in range(3):\n"
        "            text = text.part.other()\n            while text:\n                text = longer(text.next())\n"
        "    return text\n\n\n"
        "longer(grpc.experimental.something())\n"
        "stub = rpc.GreeterStub(grpc.insecure_channel('a:1'))\n",
    )
    result = program.run()
    assert result.audit.holds
