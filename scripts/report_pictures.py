"""Makes docs/images/report-*.png: the page of the fixtures' projects in a browser, light and dark, wide and narrow.

`python scripts/report_pictures.py [BROWSER]`, with Chromium; takes half a minute. The projects are copied to a
scratch folder under git, get a CODEOWNERS, and a file that holds one service on gRPC, so that there is something
of everything.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
OWNERS = "* @acme/platform\n/accounts_aio/ @acme/bank\n/noprotos/ @acme/library\n/hello_flat/ @acme/web\n"
HELD = """\
import grpc
from greeting_pb2_grpc import GreeterStub

STUB = GreeterStub(grpc.insecure_channel("localhost:50051"))
KEPT = vars(STUB)
"""
# A headless browser takes pictures of the top of a page only.
SCROLLED = "<style>.top, #overview, #services, #progress, #owners { display: none }</style>"
SHOTS = {
    "report-light": ("", 1280, 1180, False),
    "report-code-dark": ("#?path=accounts_aio%2Faccounts%2F*", 1280, 1180, True),
    "report-narrow": ("#?unit=hello.flat.Greeter&q=stub", 500, 1100, False),
}


def main(browser: str) -> None:
    """Make the project, the page and the pictures."""
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch) / "acme"
        shutil.copytree(ROOT / "fixtures" / "projects", project)
        (project / "CODEOWNERS").write_text(OWNERS, encoding="utf-8")
        (project / "hello_flat" / "held.py").write_text(HELD, encoding="utf-8")
        git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid"]
        for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "start"]):
            subprocess.run([*git, *command], cwd=project, check=True)
        page = Path(scratch) / "page.html"
        report = [sys.executable, "-m", "grpc2connect", "report", str(project), "--format", "html", "-o", str(page)]
        subprocess.run(report, cwd=project, check=True)
        IMAGES.mkdir(exist_ok=True)
        scrolled = Path(scratch) / "scrolled.html"
        text = page.read_text(encoding="utf-8")
        scrolled.write_text(re.sub("<meta http-equiv[^>]*>", SCROLLED, text), encoding="utf-8")
        for name, (address, width, height, dark) in SHOTS.items():
            where = (scrolled if address else page).as_uri() + address
            shot(browser, where, IMAGES / f"{name}.png", (width, height), dark=dark)


def shot(browser: str, address: str, to: Path, size: tuple[int, int], *, dark: bool) -> None:
    """One picture of what a reader sees at an address."""
    subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--blink-settings=preferredColorScheme={0 if dark else 1}",
            f"--window-size={size[0]},{size[1]}",
            "--virtual-time-budget=3000",
            f"--screenshot={to}",
            address,
        ],
        check=True,
        timeout=120,
        stderr=subprocess.DEVNULL,  # Without a desktop, Chromium complains a hundred times.
    )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "chromium")
