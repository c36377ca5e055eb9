"""Runs programs one after the other in one process, and prints what each prints, as JSON.

`python runner.py FOLDER...`: each folder has a `program.py`. One process for all saves the imports; modules of one
program are forgotten before the next begins.
"""

from __future__ import annotations

import contextlib
import faulthandler
import io
import json
import runpy
import sys
import traceback
from pathlib import Path

_SECONDS = 60
"""For one program; one that takes longer ends the process, with the stacks of its threads on stderr."""


def printed(folder: Path) -> str:
    """What the program in `folder` prints; with an error out of it at the end."""
    out = io.StringIO()
    known = set(sys.modules)
    sys.path.insert(0, str(folder))
    faulthandler.dump_traceback_later(_SECONDS, exit=True)
    try:
        with contextlib.redirect_stdout(out):
            runpy.run_path(str(folder / "program.py"), run_name="__main__")
    except BaseException:
        out.write(traceback.format_exc())
    finally:
        faulthandler.cancel_dump_traceback_later()
        sys.path.remove(str(folder))
        for name in set(sys.modules) - known:
            if str(folder) in (getattr(sys.modules[name], "__file__", None) or ""):
                del sys.modules[name]
    return out.getvalue()


if __name__ == "__main__":
    sys.path.remove(str(Path(__file__).resolve().parent))
    sys.path.insert(0, sys.argv[1])
    found = {}
    for argument in sys.argv[2:]:
        print("running", argument, file=sys.stderr, flush=True)
        found[Path(argument).name] = printed(Path(argument))
    print(json.dumps(found))
