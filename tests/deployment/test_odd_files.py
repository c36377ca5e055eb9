"""Files that are written oddly, or not as their names say: each costs itself at most, and is edited only where sure."""

from __future__ import annotations

import textwrap

import pytest

from tests.deployment.project import Project

POD = "kind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n      - image: greeting\n        ports:\n"
PORT = "        - containerPort: 50051"
NEW = "        - name: http-connect\n          containerPort: 9090"


def listed(pod: str) -> str:
    """A manifest as an item of a list."""
    return "kind: List\nitems:\n- " + textwrap.indent(pod, "  ").lstrip() + "- kind: ConfigMap\n"


COMMENTS = "          # last\n        # all\n"
TEXT = "          name: >-\n            gr\n            pc\n"
EDITED = {
    "no last line end": (POD + PORT, f"{POD}{PORT}\n{NEW}"),
    "comments after": (f"{POD}{PORT}\n{COMMENTS}", f"{POD}{PORT}\n{NEW}\n{COMMENTS}"),
    "byte order mark": (f"\ufeff{POD}{PORT}\n", f"\ufeff{POD}{PORT}\n{NEW}\n"),
    "text in lines": (f"{POD}{PORT}\n{TEXT}        env: []\n", f"{POD}{PORT}\n{TEXT}{NEW}\n        env: []\n"),
    "a list of kinds": (listed(f"{POD}{PORT}\n"), listed(f"{POD}{PORT}\n{NEW}\n")),
}


@pytest.mark.parametrize("name", EDITED)
def test_lines_go_where_a_person_would_put_them(own: Project, name: str) -> None:
    before, after = EDITED[name]
    path = own.folder / "odd.yaml"
    path.write_bytes(before.encode())
    changes = {change.path: change.after.decode() for change in own.deployed(connect_port=9090).changes}
    assert changes.get(path) == after


NOT_EDITED = {
    "in brackets": POD.rstrip("\n") + " [{containerPort: 50051}]\n",
    "an anchor": POD.rstrip("\n") + " &ports\n" + PORT + "\n---\nother: *ports\n",
    "no ports": POD.replace("        ports:\n", ""),
    "the port is there": POD + PORT + "\n" + NEW + "\n",
    "the variable is there": POD + PORT + "\n        env: [{name: G2C_CONNECT_ADDRESS, value: '[::]:7'}]\n",
    "the port is a sidecar's": POD + PORT + "\n      - image: proxy\n        ports: [{containerPort: 9090}]\n",
}


@pytest.mark.parametrize("name", NOT_EDITED)
def test_nothing_is_put_in_where_it_is_not_sure(own: Project, name: str) -> None:
    path = own.folder / "odd.yaml"
    path.write_text(NOT_EDITED[name], encoding="utf-8")
    assert path not in {change.path for change in own.deployed(connect_port=9090).changes}


ODD = {
    "latin.yaml": (b"# \xe9 grpc\nkind: Service\n", "1 G2C949"),
    "tab.yaml": (b"kind: Service\n\tgrpc: 1\n", "2 G2C949"),
    "deep.json": (b'{"panels": ' + b"[" * 100_000 + b"]" * 100_000 + b', "x": "grpc"}', "1 G2C949"),
    "bomb.yaml": (b"grpc: 1\na: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]\n", ""),
    "itself.yaml": (b"kind: Deployment\ngrpc: &r\n  spec: *r\n", ""),
    "keys.yaml": (b"? [a, b]\n: grpc\n? {x: y}\n: 1\n", ""),
    "scalar.yaml": (b"grpc\n", ""),
    "settings.json": (b'{// grpc\n"a": 1}\n', ""),
    "docker-compose.odd.yml": (b"services:\n  a: null\n  b: {build: null, image: }\n  c: [grpc]\n", ""),
    "a/Dockerfile": (b"", ""),
    "b/Dockerfile": (b"FROM x\nRUN <<EOF\ngrpc\n", "2 G2C949"),
    "c/Dockerfile": (b"FROM x\nRUN echo $((1<<A)) && cat <<< foo\nCMD x\n", ""),
    "d/Dockerfile": (b"FROM a AS a\nFROM a\nCOPY\nENV\nEXPOSE\nCMD\nWORKDIR\nHEALTHCHECK NONE\n", ""),
    "e/Dockerfile": (b"# escape=`\nFROM x\nCOPY a `\n  b\nCMD [\"python\", \n", ""),
    "f/Dockerfile": (b"FROM {{ base }}\nINCLUDE grpc\n", ""),
    "g/Dockerfile": (b"ARG BASE\nFROM $BASE\nCMD grpc\n", ""),
    "h/Dockerfile": (b"FROM\nCMD grpc\n", ""),
    "i/Dockerfile": (b"FROM x\nCMD grpc\n\\\n", "3 G2C949"),
    "odd.service": (b"[Service\nExecStart\n=\nExecStart=python grpc \\\n", ""),
    "odd/Procfile": (b"a:\n: b\nx: python 'unclosed greeting/server.py\n", ""),
}  # fmt: skip


def test_odd_files_cost_a_line_at_most(own: Project) -> None:
    known = set(own.places(own.deployed()))
    for name, (content, _) in ODD.items():
        path = own.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    new = sorted(line for line in own.places(own.deployed()) if line not in known)
    wanted = sorted(f"{name}:{said}" for name, (_, said) in ODD.items() if said)
    assert [" ".join(line.split(" ")[:2]) for line in new] == wanted
