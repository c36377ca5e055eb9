"""Commits of some files, made by git as its user would make them: their name, their hooks, their signature.

Only the given files are committed. What else is staged stays staged, and what else is edited stays so.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from grpc2connect.sources import git

_UNDER_WAY = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD")


class CommitFailed(Exception):
    """Git did not make a commit; the message is one line with git's own last words."""


def why_not(repository: Path, paths: Iterable[Path]) -> str:
    """Why files cannot be committed there; "" if they can.

    A file that is edited, staged or untracked already would bring into the commit what is not ours.
    """
    if git.ask(repository, "var", "GIT_COMMITTER_IDENT") is None:
        return "git does not know who commits; set user.name and user.email (git config --global user.name ...)"
    for name in _UNDER_WAY:
        if git.ask(repository, "rev-parse", "--quiet", "--verify", name) is not None:
            return f"{repository} is in the middle of a merge, rebase or the like; end it first"
    wanted = sorted({Path(os.path.realpath(path)) for path in paths})
    top = Path(os.path.realpath(repository))
    outside = next((folder for folder in sorted(set(map(_folder, wanted))) if git.top(folder) != top), None)
    if outside is not None:
        return f"{outside} is in another repository than {repository}; migrate each by itself"
    dirty = git.dirty_files([path for path in wanted if path.exists()])
    if dirty:
        return f"{dirty[0]} has edits that are not committed, which would get into the commit; commit them first"
    return ""


def commit(repository: Path, paths: Iterable[Path], message: str, *, verify: bool = True) -> str:
    """Commit files as they are now, and nothing else; the new commit's name, or "" if git has nothing to commit.

    What git ignores stays so. `verify` has the repository's hooks look at it. Raises `CommitFailed`.
    """
    import tempfile

    top = Path(os.path.realpath(repository))
    given = {os.fsencode(os.path.relpath(os.path.realpath(path), top)) for path in paths}
    ignored = _names(_git(top, "check-ignore", "-z", "--stdin", stdin=_list(given), fine=(0, 1)))
    wanted = given - ignored
    known = _names(_git(top, "ls-files", "-z", "--", *map(os.fsdecode, wanted)))
    new = {name for name in wanted - known if os.path.lexists(os.path.join(os.fsencode(top), name))}
    wanted = (wanted & known) | new
    if not wanted:
        return ""
    with tempfile.TemporaryDirectory(prefix="grpc2connect-") as folder:
        of_new, of_all = Path(folder, "new"), Path(folder, "all")
        of_new.write_bytes(_list(new))
        of_all.write_bytes(_list(wanted))
        from_new, from_all = (f"--pathspec-from-file={path}" for path in (of_new, of_all))
        if new:
            _git(top, "add", "--intent-to-add", from_new, "--pathspec-file-nul")
        if not _git(top, "status", "--porcelain=v1", "-z", "--", *map(os.fsdecode, wanted)):
            return ""
        command = ["commit", "--quiet", "--only", "--file=-", *([] if verify else ["--no-verify"])]
        try:
            _git(top, *command, from_all, "--pathspec-file-nul", stdin=message.encode())
        except CommitFailed:
            if new:
                _git(top, "reset", "--quiet", from_new, "--pathspec-file-nul", fine=(0, 1))
            raise
    return _git(top, "rev-parse", "HEAD").decode().strip()


def _folder(path: Path) -> Path:
    while not path.is_dir():
        path = path.parent
    return path


def _git(top: Path, *arguments: str, stdin: bytes = b"", fine: tuple[int, ...] = (0,)) -> bytes:
    import subprocess

    literal = [] if arguments[0] == "check-ignore" else ["--literal-pathspecs"]  # its names are no patterns anyway
    command = ["git", *literal, "-C", str(top), *arguments]
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, check=False, env=git.environment())
    except OSError as problem:
        raise CommitFailed(f"git cannot be run: {problem}") from None
    if done.returncode not in fine:
        said = (done.stderr.strip() or done.stdout.strip()).decode("utf-8", "replace").splitlines()
        raise CommitFailed(f"git {arguments[0]} failed: {' / '.join(line.strip() for line in said[-3:])}")
    return done.stdout


def _names(listed: bytes) -> set[bytes]:
    return {name for name in listed.split(b"\0") if name}


def _list(names: Iterable[bytes]) -> bytes:
    return b"\0".join(sorted(names))
