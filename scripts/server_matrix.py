"""Tries every server of `grpc2connect serve-guide` with every probe: `python scripts/server_matrix.py`, 5 minutes.

Installs the servers into a virtual environment of their own (.venv-servers, or G2C_SERVERS_VENV) the first time.
`--install` needs nothing but Python.
Compares with the table (codemod/grpc2connect/serving/servers.toml) and fails where the two differ. nginx rows want
Debian's package (`apt-get install nginx`), and are left out without.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "codemod")]

from grpc2connect.serving.table import Server, table  # noqa: E402
from tests.servers import installed  # noqa: E402


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    servers, probes = [one.name for one in table().servers], list(table().probes)
    parser.add_argument("--server", action="append", choices=servers, metavar="NAME", help=", ".join(servers))
    parser.add_argument("--probe", action="append", choices=probes, metavar="NAME", help=", ".join(probes))
    parser.add_argument("--smoke", action="store_true", help="only what the test suite tries")
    parser.add_argument(
        "--installed", action="store_true", help="install nothing; leave out servers that are not there"
    )
    parser.add_argument("--install", action="store_true", help="install the servers, and end")
    parser.add_argument("--jobs", type=int, default=2, help="how many servers at once (2)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there, too")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write them there as tables")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; return 1 if a cell is not as the table says."""
    asked = _arguments(arguments)
    servers: list[Server] = [one for one in table().servers if not asked.server or one.name in asked.server]
    environment = installed.best() if asked.installed else installed.install(table().servers)
    if asked.install:
        return 0
    from tests.servers import matrix, page, program  # which need the development environment

    wanted = asked.probe or (matrix.SMOKE if asked.smoke else list(table().probes))
    missing = {one.name: environment.missing(one) for one in servers}
    rows = []
    with tempfile.TemporaryDirectory(prefix="g2c-served-") as folder:
        served = program.make(Path(folder))

        def one(server: Server) -> matrix.Row:
            row = matrix.row(server, environment, served, wanted)
            print(page.line(row), file=sys.stderr, flush=True)
            return row

        with ThreadPoolExecutor(asked.jobs) as pool:
            rows = list(pool.map(one, [server for server in servers if not missing[server.name]]))
    for name, names in missing.items():
        if names:
            print(f"{name}: left out, not installed: {', '.join(names)}", file=sys.stderr)
    for row in rows:
        if row.note:
            print(row.note, file=sys.stderr)
    problems = [problem for row in rows for problem in row.problems()]
    if asked.json:
        asked.json.write_text(json.dumps(page.as_json(rows, missing), indent=2) + "\n")
    if asked.markdown:
        asked.markdown.write_text(page.results(rows))
    print(page.results(rows))
    print("\n".join(problems) or "as the table says")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
