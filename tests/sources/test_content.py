"""Reading and writing back: the bytes are the bytes."""

from __future__ import annotations

import codecs
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grpc2connect.results import FileError
from grpc2connect.sources import NotEncodable, Source, encode, read
from grpc2connect.sources import content as content_module

LINES = st.lists(
    st.tuples(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0")), st.sampled_from(["\n", "\r\n", "\r"]))
)
LATIN = st.text(st.characters(codec="latin-1", exclude_characters="\0"))


def read_bytes(data: bytes) -> Source | FileError:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.py"
        path.write_bytes(data)
        return read(path)


def source(path: Path, data: bytes) -> Source:
    path.write_bytes(data)
    found = read(path)
    assert isinstance(found, Source), found
    return found


def error(path: Path, data: bytes) -> FileError:
    path.write_bytes(data)
    found = read(path)
    assert isinstance(found, FileError)
    assert str(path.as_posix()) in str(found)
    return found


@settings(max_examples=150, deadline=None)
@given(LINES, st.booleans())
def test_utf8_round_trip(lines: list[tuple[str, str]], bom: bool) -> None:
    # A first line of its own, so that what follows is no coding cookie but by chance of the third.
    data = (codecs.BOM_UTF8 if bom else b"") + ("pass\npass\n" + "".join(a + b for a, b in lines)).encode()
    found = read_bytes(data)
    assert isinstance(found, Source)
    assert encode(found, found.text) == data
    assert found.bom is bom
    assert not found.text.startswith("\ufeff") or data.startswith(codecs.BOM_UTF8 * 2)


@settings(max_examples=100, deadline=None)
@given(LATIN)
def test_latin1_round_trip(text: str) -> None:
    data = b"# -*- coding: latin-1 -*-\n" + text.encode("latin-1")
    found = read_bytes(data)
    assert isinstance(found, Source)
    assert encode(found, found.text) == data
    assert found.text.endswith(text)


@settings(max_examples=150, deadline=None)
@given(st.binary())
def test_any_bytes_are_read_faithfully_or_refused(data: bytes) -> None:
    found = read_bytes(data)
    assert isinstance(found, FileError) or encode(found, found.text) == data


@pytest.mark.parametrize(
    ("data", "newline"),
    [
        (b"", "\n"),
        (b"a", "\n"),
        (b"a\nb\r\nc\r\n", "\r\n"),
        (b"a\rb\r", "\r"),
        (b"a\n\rb\n", "\n"),
        (b"a\r\nb\n", "\n"),
    ],
)
def test_newlines_are_kept(tmp_path: Path, data: bytes, newline: str) -> None:
    found = source(tmp_path / "a.py", data)
    assert found.newline == newline
    assert encode(found, found.text) == data


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nx = '\x80'\n", "cp1252"),
        (b"# coding: utf-8\nx = '\xc3\xa9'", "utf-8"),
        (b"# coding=euc-jp\nx = '\xa4\xa2'", "euc-jp"),
        (b"# one\r# coding: latin-1\rx = '\xe9'\r", "iso-8859-1"),
    ],
)
def test_cookies(tmp_path: Path, data: bytes, encoding: str) -> None:
    found = source(tmp_path / "a.py", data)
    assert found.encoding == encoding
    assert encode(found, found.text) == data


def test_new_text_keeps_bom_and_encoding(tmp_path: Path) -> None:
    found = source(tmp_path / "a.py", codecs.BOM_UTF8 + b"x = 1\r\n")
    assert found.text == "x = 1\r\n"
    assert encode(found, "x = 2\r\n") == codecs.BOM_UTF8 + b"x = 2\r\n"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_lists_of_windows_are_utf_16(tmp_path: Path, encoding: str) -> None:
    data = "\ufeffflask==3.0\r\ngrpcio==1.62.0\r\n".encode(encoding)
    found = source(tmp_path / "requirements.txt", data)
    assert (found.text, found.encoding) == ("flask==3.0\r\ngrpcio==1.62.0\r\n", encoding)
    assert encode(found, found.text + "zope\r\n") == data + "zope\r\n".encode(encoding)
    assert error(tmp_path / "a.py", data).code == "G2C004"  # Python does not read it


def test_text_that_the_encoding_lacks(tmp_path: Path) -> None:
    found = source(tmp_path / "a.py", b"# coding: latin-1\nx = '\xe9'\n")
    with pytest.raises(NotEncodable) as caught:
        encode(found, found.text + "y = '\u20ac'\n")
    assert (caught.value.line, caught.value.character, caught.value.encoding) == (3, "\u20ac", "iso-8859-1")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"x = 1\n\n\ny = '\xe9'\n", "line 4"),
        (b"# coding: nonsense\n", "encoding"),
        (b"# coding: rot13\nkkk\n", ""),
        (b"\xef\xbb\xbf# coding: latin-1\n", "encoding"),
        (b"x = 1\0", "NUL"),
    ],
)
def test_what_cannot_be_decoded(tmp_path: Path, data: bytes, said: str) -> None:
    found = error(tmp_path / "a.py", data)
    assert found.code == "G2C004"
    assert said in found.message
    assert found.advice


def test_what_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing, folder = read(tmp_path / "missing.py"), read(tmp_path)
    assert isinstance(missing, FileError) and missing.code == "G2C003"
    assert isinstance(folder, FileError) and "folder" in folder.message
    monkeypatch.setattr(content_module, "MAX_BYTES", 3)
    assert "too big" in error(tmp_path / "a.py", b"x = 1\n").message


@pytest.mark.skipif(os.name == "nt", reason="no such files")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.py")
    found = read(tmp_path / "a.py")
    assert isinstance(found, FileError) and "regular" in found.message


def test_mode(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"")
    path.chmod(0o755)
    found = read(path)
    assert isinstance(found, Source)
    assert found.mode == (0o755 if os.name != "nt" else found.mode)
