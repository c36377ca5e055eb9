"""The public names of connectrpc's modules; `scripts/connectrpc_names.py` writes this file.

Source: the modules of connectrpc 0.13.
"""

from __future__ import annotations

_TEXT = """connectrpc: __version__

connectrpc.client: ConnectClient ConnectClientSync ResponseMetadata

connectrpc.code: Code

connectrpc.codec: Codec proto_binary_codec proto_json_codec

connectrpc.compat: google_protobuf_binary_codec google_protobuf_codecs google_protobuf_json_codec

connectrpc.compression: Compression

connectrpc.compression.brotli: BrotliCompression

connectrpc.compression.gzip: GzipCompression

connectrpc.compression.zstd: ZstdCompression

connectrpc.errors: ConnectError ErrorDetail

connectrpc.interceptor: BidiStreamInterceptor BidiStreamInterceptorSync ClientStreamInterceptor
ClientStreamInterceptorSync Interceptor InterceptorSync MetadataInterceptor MetadataInterceptorSync
ServerStreamInterceptor ServerStreamInterceptorSync UnaryInterceptor UnaryInterceptorSync

connectrpc.method: IdempotencyLevel MethodInfo StreamType

connectrpc.protocol: ProtocolType

connectrpc.request: Headers RequestContext

connectrpc.server: ConnectASGIApplication ConnectWSGIApplication DEFAULT_READ_MAX_BYTES Endpoint EndpointSync
"""
NAMES: dict[str, frozenset[str]] = {
    dotted: frozenset(names.split()) for dotted, _, names in (block.partition(":") for block in _TEXT.split("\n\n"))
}
"""The names by the dotted name of their module."""
