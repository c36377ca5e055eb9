"""Standard input in the place of a file: judged as if it were there, and nothing on disk is touched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import git

STUBS = Path(__file__).parents[2] / "examples" / "rule_pack" / "fixtures" / "_stubs"
CLIENT = "import till_pb2_grpc\nfrom channels import channel\n\ntill_pb2_grpc.TillStub(channel()).Pay(None)\n"


def tool(folder: Path, stdin: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).parent / "grpc2connect", *arguments]
    return subprocess.run(
        command, cwd=folder, input=stdin, capture_output=True, text=True, timeout=100, check=False, env=dict(os.environ)
    )


def test_a_file_as_an_editor_has_it(tmp_path: Path) -> None:
    shutil.copytree(STUBS, tmp_path, dirs_exist_ok=True)
    (tmp_path / "channels.py").write_text("import grpc\n\n\ndef channel():\n    return grpc.insecure_channel('a:1')\n")
    (tmp_path / "client.py").write_text("x = 1\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    before = {path: path.read_bytes() for path in tmp_path.glob("*.py")}
    checked = tool(tmp_path, CLIENT, "check", "-", "--stdin-filename", "client.py")
    assert checked.returncode == 1
    assert "client.py:4:1 G2C403" in checked.stdout
    assert tool(tmp_path, "x = 2\n", "check", "-", "--stdin-filename", "client.py", "-q").returncode == 0
    made = tool(tmp_path, CLIENT, "diff", "-", "--stdin-filename", "new.py", "--runtime", "package")
    assert "channels.py: has to change together" in made.stderr
    alone = CLIENT.replace("from channels import channel", "import grpc").replace(
        "channel()", "grpc.insecure_channel('a:1')"
    )
    made = tool(tmp_path, alone, "diff", "-", "--stdin-filename", "new.py", "--runtime", "package")
    assert made.returncode == 1
    assert "+++ b/new.py" in made.stdout
    assert "-till_pb2_grpc.TillStub(" in made.stdout
    assert {path: path.read_bytes() for path in tmp_path.glob("*.py")} == before
