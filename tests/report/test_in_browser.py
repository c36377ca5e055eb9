"""The page in a real browser: filters, hostile text, accessibility. Not part of the normal suite:

    G2C_BROWSER=chromium ./test tests/report/test_in_browser.py

With `G2C_AXE=/path/to/axe.min.js` (npm's `axe-core`) the page is also looked through by axe.
"""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from grpc2connect.report import page
from grpc2connect.report.document import Document
from tests.report import reports
from tests.report.test_page import Reader, hostile

BROWSER = os.environ.get("G2C_BROWSER")
AXE = os.environ.get("G2C_AXE")
pytestmark = pytest.mark.skipif(not BROWSER, reason="needs a browser: G2C_BROWSER=chromium")


def opened(tmp_path: Path, text: str, address: str = "", *, dark: bool = False, width: int = 1280) -> tuple[str, str]:
    """The page's elements after its script has run, and what the browser's console says."""
    path = tmp_path / "page.html"
    path.write_text(text, encoding="utf-8")
    command = [
        str(BROWSER),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-logging=stderr",
        f"--user-data-dir={tmp_path / 'profile'}",
        f"--window-size={width},900",
        f"--blink-settings=preferredColorScheme={0 if dark else 1}",
        "--virtual-time-budget=8000",
        "--dump-dom",
        path.as_uri() + address,
    ]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    said = [line for line in done.stderr.decode(errors="replace").splitlines() if "CONSOLE" in line]
    return done.stdout.decode(), "\n".join(said)


def visible(text: str) -> tuple[str, list[str], set[str]]:
    """The line that counts, the paths of the files that are not hidden, and the codes of the rows in them."""
    read = Reader(text)
    shown = re.search(r'<output id="shown"[^>]*>([^<]*)</output>', text)
    assert shown
    files = re.split(r'(?=<details class="file")', text.split('<div id="list">')[1].split("</section>")[0])[1:]
    open_files = [file for file in files if "hidden" not in file.split(">", 1)[0]]
    paths = [re.sub("<[^>]+>", "", str(re.search(r"<h3>(.*?)</h3>", file, re.DOTALL)[1])) for file in open_files]  # type: ignore[index]
    rows = [one for one in re.findall(r'<[a-z]+ class="i [^>]*>', "".join(open_files)) if "hidden" not in one]
    assert read.tags
    return shown[1], paths, {code for row in rows for code in re.findall(r'data-c="([^"]*)"', row)}


@pytest.mark.parametrize(
    "address, rows, files",
    [
        ("", 52, 14),
        ("#?path=team0/*", 17, 4),
        ("#?unit=shop.v1.Service1", 14, 6),
        ("#?owner=%40org%2Fteam2", 16, 4),
        ("#?q=port+takes", 1, 1),
        ("#?rule=G2C501&path=team0", 8, 4),
        ("#?without=native%2Bbridged%2Bfinding", 16, 12),
        ("#?q=nothing+like+this", 0, 0),
        ("#?unit=absent&nonsense", 52, 14),
    ],
)
def test_filters_in_the_address(tmp_path: Path, address: str, rows: int, files: int) -> None:
    text, said = opened(tmp_path, page.render(reports.report()), address)
    shown, paths, codes = visible(text)
    assert shown == f"{rows} of 52 rows in {files} of 14 files"
    assert len(paths) == files
    assert bool(codes) == bool(rows)
    assert said == ""


def test_hostile_text_does_nothing(tmp_path: Path) -> None:
    text, said = opened(tmp_path, page.render(hostile()))
    assert said == ""
    assert len(Reader(text).all("script")) == 1
    assert "rows in" in visible(text)[0]


def test_the_policy_holds_against_what_would_get_in(tmp_path: Path) -> None:
    attack = (
        "<script>document.title='owned'</script><img src='http://127.0.0.1:9/x' onerror=\"document.title='owned'\">"
    )
    text, said = opened(tmp_path, page.render(reports.report()).replace("</main>", f"{attack}</main>"))
    assert "<title>owned" not in text
    assert "Content Security Policy" in said


def test_a_reader_clicks_through(tmp_path: Path) -> None:
    steps = """
    const out = [], wait = () => new Promise((done) => setTimeout(done, 400)), at = (id) => document.getElementById(id);
    const say = () => out.push([decodeURIComponent(location.hash), at("shown").textContent, document.activeElement.id]);
    (async () => {
      document.querySelector('#services a[data-unit="1"]').click(); await wait(); say();
      document.querySelector('#list .code .i:not([hidden]) a').click(); out.push(at("back").hidden);
      at("back").click(); out.push(document.activeElement.tagName);
      document.querySelector('#owners a[data-owner="1"]').click(); await wait(); say();
      at("s-native").click(); await wait(); say();
      at("clear").click(); await wait(); say();
      at("theme").click(); out.push(document.documentElement.dataset.theme, at("theme").ariaPressed);
      at("unfold").click(); out.push(document.querySelectorAll("details.file:not([open])").length);
      document.getElementById("clicks").textContent = JSON.stringify(out);
    })();
    """
    text = re.sub("<meta http-equiv[^>]*>", "", page.render(reports.report()))
    dom, said = opened(
        tmp_path,
        text.replace("</footer>", "<pre id='clicks'></pre></footer>").replace(
            "</body>", f"<script>{steps}</script></body>"
        ),
    )
    assert said == ""
    found = re.search(r'<pre id="clicks">(.*?)</pre>', dom, re.DOTALL)
    assert found
    assert json.loads(html.unescape(found[1])) == [
        ["#?unit=shop.v1.Service0", "14 of 52 rows in 5 of 14 files", "q"],
        False,
        "A",
        ["#?owner=@org/team0", "17 of 52 rows in 4 of 14 files", "q"],
        ["#?owner=@org/team0&without=native", "9 of 52 rows in 4 of 14 files", "q"],
        ["#files", "52 of 52 rows in 14 of 14 files", "q"],
        "dark",
        "true",
        0,
    ]


@pytest.mark.skipif(not AXE, reason="needs axe-core: G2C_AXE=/path/to/axe.min.js")
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 500])
@pytest.mark.parametrize("made", [reports.report(), hostile()], ids=["plain", "hostile"])
def test_axe_finds_nothing(tmp_path: Path, made: Document, width: int, dark: bool) -> None:
    run = (
        "<pre id='axe'></pre><script>for (const one of document.querySelectorAll('details')) one.open = true;"
        "axe.run(document, {resultTypes: ['violations']}).then((found) => {"
        "document.getElementById('axe').textContent = JSON.stringify(found.violations.map((one) => "
        "[one.id, one.nodes.map((node) => node.html + ' ' + node.failureSummary)])); });</script>"
    )
    text = re.sub("<meta http-equiv[^>]*>", "", page.render(made))
    script = Path(str(AXE)).read_text(encoding="utf-8")
    text = text.replace("</footer>", f"<script>{script}</script>{run}</footer>")
    dom, _ = opened(tmp_path, text, dark=dark, width=width)
    found = re.search(r'<pre id="axe">(.*?)</pre>', dom, re.DOTALL)
    assert found
    assert json.loads(html.unescape(found[1])) == []
