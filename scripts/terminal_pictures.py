"""Makes docs/images/terminal-*.png: what commands print on a terminal, in colour.

`python scripts/terminal_pictures.py [BROWSER]`, with Chromium; takes half a minute. The project is a copy of
`fixtures/projects/gateway_downstream` under git.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.report_pictures import IMAGES, shot  # noqa: E402

COLUMNS = 110
REVERSED = "color: #16181d; padding-bottom: 3px"
# Name, what is typed, the first line that is shown and how many.
SESSIONS = (
    ("terminal-diff", "diff --by unit --runtime package --color always", 0, 46),
    ("terminal-check", "check --color always --fail-on new", 0, 34),
    ("terminal-explain", "explain shop/gateway.py:47", 0, 14),
)
# The page around a picture: rich's own asks a server for its font.
PAGE = """<!DOCTYPE html><meta charset="utf-8"><style>
body {{ margin: 0; background: #16181d; color: #d7dae0 }}
pre {{ margin: 0; padding: 18px 22px; font: 14px/1.42 "DejaVu Sans Mono", monospace }}
{stylesheet}
</style><pre>{code}</pre>"""


def main(browser: str) -> None:
    """Run each session and take its picture."""
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch) / "shop"
        shutil.copytree(ROOT / "fixtures" / "projects" / "gateway_downstream", project)
        git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid"]
        for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "start"]):
            subprocess.run([*git, *command], cwd=project, check=True)
        for name, typed, first, count in SESSIONS:
            done = subprocess.run(
                [sys.executable, "-m", "grpc2connect", *typed.split()],
                cwd=project, capture_output=True, text=True, check=False, timeout=300,
            )  # fmt: skip
            said = (done.stdout + done.stderr).splitlines()[first : first + count]
            page = Path(scratch) / f"{name}.html"
            page.write_text(picture(typed, said), encoding="utf-8")
            # One row more than there are, for the margin below.
            lines = 1 + sum(1 + max(len(Text.from_ansi(line)) - 1, 0) // COLUMNS for line in said)
            shot(browser, page.as_uri(), IMAGES / f"{name}.png", (COLUMNS * 9, 36 + lines * 20), dark=True)


def picture(typed: str, said: list[str]) -> str:
    """A page that looks as the terminal does."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.assemble(("$ ", "bold green"), (f"grpc2connect {typed}", "bold")))
    for line in said:
        console.print(Text.from_ansi(line), soft_wrap=False)
    page = console.export_html(theme=MONOKAI, code_format=PAGE, inline_styles=True)
    # Reversed text has the colour of the background, which rich leaves out; underscores stand below the letters.
    return page.replace('<span style="background-color', f'<span style="{REVERSED}; background-color')


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "chromium")
