"""`action.yml` as GitHub would run it: its inputs exist, and its script calls the tool as it should."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from grpc2connect.cli.app import group

yaml = pytest.importorskip("yaml")
ACTION: dict[str, Any] = yaml.safe_load((Path(__file__).parents[2] / "action.yml").read_text(encoding="utf-8"))
STEPS = ACTION["runs"]["steps"]
RUN = next(step for step in STEPS if step.get("id") == "run")


def test_it_is_a_composite_action_whose_inputs_exist_and_are_used() -> None:
    assert ACTION["runs"]["using"] == "composite"
    assert {"name", "description", "inputs", "runs"} <= set(ACTION)
    assert all(set(one) <= {"description", "required", "default"} and one["description"] for one in
               ACTION["inputs"].values())  # fmt: skip
    text = yaml.safe_dump(STEPS)
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(ACTION["inputs"])
    for step in STEPS:
        assert ("run" in step) != ("uses" in step)
        assert "run" not in step or step["shell"] == "bash"
        assert "${{" not in step.get("run", ""), "inputs go by way of the environment, or they could inject commands"


def test_its_options_exist() -> None:
    used = set(re.findall(r"(--[a-z-]+)", RUN["run"]))
    known = {name for command in ("check", "report") for one in group.commands[command].params for name in one.opts}
    assert used <= known


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
@pytest.mark.parametrize(
    ("inputs", "code", "said"),
    [
        ({}, 1, "client.py:3:11 G2C401"),
        ({"BASELINE": "all.txt"}, 0, ""),
        ({"BASELINE": "all.txt", "FAIL_ON": "any"}, 1, "client.py:3:11"),
        ({"PATHS": "plain.py\nplain.py"}, 0, ""),
        ({"COMMAND": "report"}, 0, ""),
        ({"COMMAND": "diff; touch hacked"}, 2, "known are check and report"),
        ({"ARGS": "--ignore G2C4; touch hacked"}, 2, ""),
    ],
)
def test_its_script_runs_the_tool(tmp_path: Path, inputs: dict[str, str], code: int, said: str) -> None:
    (tmp_path / "client.py").write_text("import grpc\n\nchannel = grpc.insecure_channel('a:1')\nchannel.close()\n")
    (tmp_path / "plain.py").write_text("x = 1\n")
    header = "# What may still be gRPC, one reference a line; it only shrinks.\n"
    lines = ["G2C401\tgrpc.insecure_channel", "G2C402\tchannel.close", "G2C805\tgrpc"]
    (tmp_path / "all.txt").write_text(header + "".join(f"client.py\t{line}\n" for line in lines))
    defaults = {
        name: str(ACTION["inputs"][found[1]]["default"])
        for name, value in RUN["env"].items()
        if (found := re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", value))
    }
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        **defaults,
        **inputs,
        "G2C_BIN": str(Path(sys.executable).parent),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
    }
    done = subprocess.run(
        ["bash", "-e", "-c", RUN["run"]], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100,
        check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    assert said in done.stdout
    assert not (tmp_path / "hacked").exists()
    if code < 2:
        assert (tmp_path / "output").read_text() == f"exit-code={code}\n"
