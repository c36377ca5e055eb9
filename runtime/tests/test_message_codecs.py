"""Codecs for a protobuf that takes bytes only; `scripts/protobuf_majors.py` runs all tests with one."""

from __future__ import annotations

import pytest
from connectrpc.compat import google_protobuf_binary_codec, google_protobuf_json_codec

from grpc2connect_runtime.message_codecs import fitting


class OfBytes:
    """A message of protobuf 4."""

    @classmethod
    def FromString(cls, data):
        if type(data) is not bytes:
            raise TypeError(f"expected bytes, {type(data).__name__} found")
        return data

    def SerializeToString(self):
        return b"x"


def test_bytes_are_decoded():
    codec = google_protobuf_binary_codec()
    with pytest.raises(TypeError):
        codec.decode(bytearray(b"x"), OfBytes)
    fitted = fitting(codec, needed=lambda: True)
    assert fitted.decode(bytearray(b"x"), OfBytes) == b"x"
    assert (fitted.name(), fitted.encode(OfBytes())) == ("proto", b"x")


def test_what_fits_stays():
    codec, other = google_protobuf_binary_codec(), google_protobuf_json_codec()
    assert fitting(codec, needed=lambda: False) is codec
    assert fitting(other, needed=lambda: True) is other
