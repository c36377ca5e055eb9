"""What a start command starts: a Python script or module, and how; read from words, never run.

Source: `python --help`; gunicorn, uWSGI and uvicorn's command lines; the wrappers of OpenTelemetry, Datadog, New Relic,
SkyWalking and Elastic.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field

_PYTHON = re.compile(r"(?:.*/)?(?:python|pypy)[0-9.]*w?(?:\.exe)?$")
AGENTS = frozenset({"opentelemetry-instrument", "ddtrace-run", "newrelic-admin", "sw-python", "elasticapm-run"})
"""What starts a program with an agent that watches it."""
_WRAPPERS = AGENTS | (
    {"exec", "env", "tini", "dumb-init", "nice", "nohup", "time", "su-exec", "gosu", "sudo", "run", "--", "command"}
    | {"uv", "poetry", "pipenv", "pdm", "hatch", "chamber", "doppler", "xvfb-run", "catchsegv", "run-program"}
)
_PREFORK = frozenset({"gunicorn", "uwsgi", "uvicorn", "hypercorn", "granian", "celery", "flask", "daphne"})
_HAS_VALUE = frozenset({"-W", "-X", "-Q", "--check-hash-based-pycs"})
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")


@dataclass(frozen=True)
class Command:
    """The words of a command, and what of Python they start.

    `script` is a path, `module` a dotted name; `tool` the name of another program. `wrappers` are what runs it.
    """

    words: tuple[str, ...]
    script: str = ""
    module: str = ""
    tool: str = ""
    wrappers: tuple[str, ...] = ()
    assigned: dict[str, str] = field(default_factory=dict)

    @property
    def is_python(self) -> bool:
        """Whether it names a script or a module of Python."""
        return bool(self.script or self.module)

    @property
    def forks_loaded(self) -> bool:
        """Whether it forks processes that go on with what was loaded before."""
        if self.tool == "gunicorn":
            return any(word == "--preload" for word in self.words)
        return self.tool == "uwsgi" and not any("lazy" in word for word in self.words) and len(self.words) > 1


def words_of(text: str) -> list[str]:
    """The words of a shell command; where it cannot be split as a shell does, at blanks."""
    try:
        lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|")
        lexer.whitespace_split = True
        lexer.commenters = ""
        return list(lexer)
    except ValueError:
        return text.split()


def parts(words: list[str]) -> list[list[str]]:
    """The single commands of a line: what stands between `;`, `&&`, `||`, `|`; that of `sh -c TEXT` too."""
    found: list[list[str]] = [[]]
    for word in words:
        if word and not word.strip(";&|"):
            found.append([])
        else:
            found[-1].append(word)
    out: list[list[str]] = []
    for part in found:
        shell = next((i for i, word in enumerate(part) if re.fullmatch(r"(?:.*/)?(?:ba|da|z|a)?sh", word)), None)
        flag = next(
            (i for i, word in enumerate(part) if shell is not None and i > shell and re.match(r"-\w*c$", word)), None
        )
        if flag is not None and flag + 1 < len(part):
            out += parts(words_of(part[flag + 1]))
        elif part:
            out.append(part)
    return out


def command(words: list[str]) -> Command:
    """What one single command starts."""
    wrappers: list[str] = []
    assigned: dict[str, str] = {}
    rest = list(words)
    while rest:
        word = rest[0]
        name = word.rsplit("/", 1)[-1]
        if _ASSIGNMENT.match(word):
            key, _, value = word.partition("=")
            assigned[key] = value
        elif name in _WRAPPERS or (wrappers and word.startswith("-")):
            wrappers.append(name)
        else:
            break
        rest = rest[1:]
    made = _started(rest)
    return Command(tuple(words), *made, tuple(wrappers), assigned)


def _started(words: list[str]) -> tuple[str, str, str]:
    """Script, module and tool."""
    if not words:
        return "", "", ""
    name = words[0].rsplit("/", 1)[-1]
    if _PYTHON.fullmatch(words[0]):
        return _of_python(words[1:])
    if words[0].endswith(".py"):
        return words[0], "", ""
    if name in _PREFORK:
        app = next((word for word in words[1:] if re.fullmatch(r"[A-Za-z_][\w.]*:[\w.()]+", word)), "")
        return "", app.partition(":")[0], name
    return "", "", words[0]


def _of_python(words: list[str]) -> tuple[str, str, str]:
    at = 0
    while at < len(words):
        word = words[at]
        if word == "-m" and at + 1 < len(words):
            script, module, tool = (
                _started([words[at + 1], *words[at + 2 :]]) if words[at + 1] in _PREFORK else ("", "", "")
            )
            return (script, module, tool) if tool else ("", words[at + 1], "")
        if word == "-c" or word == "-":
            return "", "", "python"
        if word in _HAS_VALUE:
            at += 2
        elif word.startswith("-"):
            at += 1
        else:
            return word, "", ""
    return "", "", "python"
