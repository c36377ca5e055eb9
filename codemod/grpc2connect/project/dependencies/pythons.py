"""What a project says of the versions of Python that it runs on: connectrpc needs 3.11.

Source: connectrpc 0.13, `requires-python`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from grpc2connect.project.dependencies import versions
from grpc2connect.project.scripts_in_files import kind_of
from grpc2connect.project.texts import line_of

OLDEST = (3, 11)
_BELOW = versions.Range((3,), OLDEST)
_REQUIRES = {
    "pyproject.toml": re.compile(
        r"^requires-python\s*=\s*[\"']([^\"']+)[\"']|^python\s*=\s*[\"']([\s^~<>=!]*\d[^\"']*)[\"']",
        re.MULTILINE,
    ),
    "setup.cfg": re.compile(r"^python_requires\s*=\s*([^\n]+)", re.MULTILINE),
    "setup.py": re.compile(r"python_requires\s*=\s*[\"']([^\"']+)[\"']"),
    "Pipfile": re.compile(r"^python_(?:full_)?version\s*=\s*[\"']([^\"']+)", re.MULTILINE),
    ".python-version": re.compile(r"^(\d[\d.]*)", re.MULTILINE),
    "runtime.txt": re.compile(r"^python-(\d[\d.]*)", re.MULTILINE),
}
_CLASSIFIER = re.compile(r"Programming Language :: Python :: (3\.\d+)")
_IMAGE = re.compile(r"^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*(?:\S*/)?python:(3\.\d+)", re.MULTILINE | re.IGNORECASE)
_TOX = re.compile(r"\bpy(3\d+)\b|\bpy\{([\d,]+)\}|\bbasepython\s*=\s*python(3\.\d+)")
_NOX = re.compile(r"python\s*=\s*\[?((?:\s*[\"']3\.\d+[\"'],?)+)|PY\w*\s*=\s*\[?((?:\s*[\"']3\.\d+[\"'],?)+)")
_MATRIX = re.compile(
    r"\bpython(?:-version|_version|)s?[\"']?\s*[:=]\s*(\[[^\]]*\]|[\"']?\d[\d.]*[\"']?|(?:\n\s+-\s+[\"']?\d[\d.]*[\"']?)+)"
)
_NUMBER = re.compile(r"3\.\d+")


def too_old(path: Path, text: str) -> Iterator[tuple[int, str]]:
    """Lines of a file that say that the project runs on a Python that is too old, and which."""
    pattern = _REQUIRES.get(path.name)
    if pattern is not None:
        for found in pattern.finditer(text):
            said = next(group for group in found.groups() if group)
            exact = path.name in ("Pipfile", ".python-version", "runtime.txt")
            if versions.read(f"=={said}.*" if exact and said.count(".") == 1 else said).meets(_BELOW):
                yield line_of(text, found.start()), f"it names Python {said}" if exact else f"`{found[0].strip()}`"
    if path.name in ("pyproject.toml", "setup.py", "setup.cfg"):
        yield from _numbers(text, _CLASSIFIER.finditer(text), "the classifiers name Python {}")
    elif path.name == "noxfile.py":
        yield from _numbers(text, _NOX.finditer(text), "it runs on Python {}")
    elif path.name == "tox.ini":
        found_tox = []
        for found in _TOX.finditer(text):
            names = (
                [found[1]]
                if found[1]
                else [f"3{n}" if not n.startswith("3") else n for n in (found[2] or "").split(",") if n]
            )
            minor = [int(name[1:]) for name in names if name[1:].isdigit()]
            minor += [int(found[3].partition(".")[2])] if found[3] else []
            found_tox += [(line_of(text, found.start()), number) for number in minor if number < OLDEST[1]]
        yield from _worded(found_tox, "it runs on Python {}")
    elif kind_of(path, text) == "docker":
        yield from _numbers(text, _IMAGE.finditer(text), "the image has Python {}")
    elif kind_of(path, text) == "yaml":
        yield from _numbers(text, _MATRIX.finditer(text), "it runs on Python {}")


def _numbers(text: str, matches: Iterator[re.Match[str]], words: str) -> Iterator[tuple[int, str]]:
    old = [
        (line_of(text, found.start()), int(number.partition(".")[2]))
        for found in matches
        for number in _NUMBER.findall(found[0])
        if int(number.partition(".")[2]) < OLDEST[1]
    ]
    yield from _worded(old, words)


def _worded(old: list[tuple[int, int]], words: str) -> Iterator[tuple[int, str]]:
    if old:
        yield old[0][0], words.format(", ".join(f"3.{minor}" for minor in sorted({minor for _, minor in old})))
