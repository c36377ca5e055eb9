"""A page in a headless Chromium calls migrated services across origins: `python scripts/browser_check.py`.

Migrates fixtures/web/ferries, starts the result (once with `--serve single`, once with `--serve dual` and a Connect
port, both over HTTP/1.1 without TLS), serves the page of examples/web from another origin, opens it, and compares what
it shows: tickets, streams, errors with details, by Connect and by gRPC-Web. With `--all` the services are in each web
framework of examples/web as well. Needs Chromium, npm and npm's registry.

Exit codes: 0 the page shows what it must; 1 it does not, or a step failed; 2 Chromium or npm is missing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.web import browser, places


def served(folder: Path, origin: str, everywhere: bool) -> Iterator[tuple[str, str]]:
    """Serve the ferries in one place after the other; give its name and the services' URL."""
    own = places.PLACES["own port"]
    for serve in ("single", "dual"):
        project = places.migrated(folder / serve, serve)
        with places.serving(own, project, folder / f"{serve}-run", origin) as program:
            yield f"{serve}, Connect port", program.url
            if serve == "single":
                yield "single, the old port", f"http://{program.grpc}"
    for name, place in places.PLACES.items() if everywhere else ():
        if place is own:
            continue
        if lacking := [module for module in place.modules if find_spec(module) is None]:
            print(f"{name}: not tried, without {', '.join(lacking)}")
            continue
        with places.serving(place, folder / "dual", folder / name, origin) as program:
            yield name, program.url


def check(folder: Path, everywhere: bool, screenshot: Path | None) -> bool:
    """Open the page for each place; say what it shows that it must not. Return whether all is well."""
    print("building the page ...", flush=True)
    built = browser.build(folder / "page")
    well = True
    with browser.page_served(built) as origin:
        for number, (name, url) in enumerate(served(folder, origin, everywhere)):
            picture = screenshot if number == 0 else None
            lists = browser.shown(origin, url, folder / f"profile-{number}", picture)
            for transport in ("connect", "grpc-web"):
                seen = lists.get(transport, [])
                verdict = "as expected" if seen == browser.EXPECTED else "NOT as expected"
                print(f"{name}, {transport}: {len(seen)} lines, {verdict}", flush=True)
                if seen != browser.EXPECTED:
                    well = False
                    for line in sorted(set(seen) ^ set(browser.EXPECTED)):
                        print(f"  {'unexpected' if line in seen else 'missing'}: {line}")
    return well


def main() -> int:
    """Read the command line and check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="in each web framework of examples/web, too")
    parser.add_argument("--screenshot", type=Path, help="write a picture of the first page to this file")
    arguments = parser.parse_args()
    try:
        browser.chromium(), browser.npm()
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            picture = arguments.screenshot and arguments.screenshot.resolve()
            return 0 if check(Path(folder), arguments.all, picture) else 1
    except browser.Missing as error:
        print(error, file=sys.stderr)
        return 2
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
