"""What stands between clients and servers: ingresses, routes, meshes and proxies that are told of gRPC.

A route is ours by the Service that it leads to, or by the full name of an RPC's service; Envoy's filters, which name
neither, are said without being entered.

Source: ingress-nginx annotations; Gateway API `GRPCRoute`; Envoy's HTTP filters; Istio `VirtualService`; Traefik `h2c`.
"""

from __future__ import annotations

import re

from grpc2connect.project.deployment import yaml_nodes as y
from grpc2connect.project.deployment.found import PROBE, ROUTE, Advice, File, Looked, Spot
from grpc2connect.project.deployment.kubernetes import PORT_NAME, Cluster
from grpc2connect.project.deployment.world import World
from grpc2connect.project.texts import position
from grpc2connect.results import State

_ANNOTATIONS = re.compile(
    r"(?:nginx\.ingress\.kubernetes\.io|ingress\.kubernetes\.io|alb\.ingress\.kubernetes\.io)/backend-protocol(?:-version)?"
    r"|traefik\.ingress\.kubernetes\.io/service\.serversscheme|(?:haproxy\.org|haproxy-ingress\.github\.io)/\w*proto\w*"
    r"|(?:cloud|beta\.cloud)\.google\.com/app-protocols|projectcontour\.io/upstream-protocol\.h2c?|dapr\.io/app-protocol"
)
_GRPC_VALUE = re.compile(r"\b(?:grpcs?|h2c?|http2)\b", re.IGNORECASE)
_RETRIES = re.compile(r"\b(?:cancelled|deadline-exceeded|internal|resource-exhausted|unavailable)\b")
_ENVOY = re.compile(
    r"envoy\.(?:filters\.http\.)?(?:extensions\.filters\.http\.)?"
    r"(grpc_json_transcoder|grpc_web|grpc_stats|grpc_http1_bridge|grpc_http1_reverse_bridge)\b|\b(grpc_health_check)\b"
)
KINDS = frozenset({"Service", "Ingress", "IngressRoute", "HTTPProxy", "VirtualService", "GRPCRoute"})
"""Kinds of documents that lead to workloads."""
_FILTERS = {
    "grpc_json_transcoder": "this filter makes gRPC of JSON, on paths of its own; a Connect port takes JSON by itself, "
    "on /package.Service/Method",
    "grpc_web": "this filter makes gRPC of gRPC-Web; a Connect port takes gRPC-Web by itself",
    "grpc_stats": "this filter counts calls of gRPC only, not those of Connect",
    "grpc_http1_bridge": "this filter makes gRPC of HTTP/1.1; a Connect port takes HTTP/1.1 by itself",
    "grpc_http1_reverse_bridge": "this filter is for servers without gRPC; a Connect port takes gRPC by itself",
}


def look(file: File, document: y.Node, world: World, cluster: Cluster) -> Looked:
    """What one document has that routes to the migrated services."""
    found = Looked()
    kind = y.text_of(y.get(document, "kind"))
    named = _backends(document)
    ours = sorted({unit for name in named if name in cluster.services for unit in cluster.services[name].units})
    leads = any(name in cluster.services for name in named)
    if kind == "GRPCRoute":
        _grpc_route(document, world, leads, tuple(ours), found)
    elif kind in ("Ingress", "IngressRoute", "Service", "HTTPProxy"):
        metadata = y.get(document, "metadata")
        is_ours = leads or (kind == "Service" and y.text_of(y.get(metadata, "name")) in cluster.services)
        if is_ours:
            _annotations(metadata, tuple(ours), world, found)
            _h2c(document, tuple(ours), found)
    elif kind == "VirtualService" and leads:
        for node in y.walk(y.get(document, "spec")):
            retry = y.get(node, "retryOn")
            if retry is not None and _RETRIES.search(y.text_of(retry)):
                message = "these are statuses of gRPC; calls by Connect are not tried again for them"
                told = Advice(message, "add HTTP's (503, 504) where Connect clients come, as `retriable-status-codes`")
                why = "gRPC's calls are tried again as before"
                text = f"retryOn: {y.text_of(retry)}"
                found.spots.append(Spot(*y.place(retry), ROUTE, "route", text, State.BRIDGED, why, told, tuple(ours)))
    return found


def look_at_text(file: File, world: World) -> Looked:
    """Envoy's filters, wherever they are configured, for servers that have moved."""
    found = Looked()
    said = set()
    for match in _ENVOY.finditer(file.text):
        name = match[1] or match[2]
        line, column = position(file.text, match.start())
        before = file.lines[line - 1][: column - 1]
        if name in said or before.lstrip().startswith("#"):
            continue
        said.add(name)
        if name == "grpc_health_check":
            text = "grpc_health_check"
            why = "gRPC's health checks go on, on the port that they ask today"
            found.spots.append(Spot(line, column, PROBE, "health check", text, None, why))
            continue
        told = Advice(_FILTERS[name], "keep it for clients that come through it, as long as they do")
        found.spots.append(Spot(line, column, ROUTE, "Envoy filter", name, None, "", told))
    return found


def _backends(document: y.Node) -> set[str]:
    """The names of Services that a route leads to: of backends, of destinations, of hosts."""
    found = set()
    for node in y.walk(document):
        for path in (("backend", "serviceName"), ("backend", "service", "name"), ("destination", "host")):
            found.add(y.text_of(y.get(node, *path)).split(".")[0])
        for key in ("backendRefs", "services"):
            found.update(y.text_of(y.get(item, "name")) for item in y.items(y.get(node, key)))
    return found - {""}


def _annotations(metadata: y.Node, units: tuple[str, ...], world: World, found: Looked) -> None:
    for name, key, value in y.pairs(y.get(metadata, "annotations")):
        if not _ANNOTATIONS.fullmatch(name) or not _GRPC_VALUE.search(y.text_of(value)):
            continue
        message = "this passes calls on as gRPC; Connect's clients need a route with HTTP as its protocol"
        port = "the same port" if world.single else f"the Service's port {PORT_NAME}"
        told = Advice(message, f"where such clients come, make another one that leads to {port}")
        text = f"{name}: {y.text_of(value)}"
        why = "the port behind it goes on speaking gRPC"
        found.spots.append(Spot(*y.place(key), ROUTE, "route", text, State.BRIDGED, why, told, units))


def _h2c(document: y.Node, units: tuple[str, ...], found: Looked) -> None:
    for node in y.walk(document):
        scheme = y.get(node, "scheme")
        if y.text_of(scheme) == "h2c":
            why = "the port goes on speaking HTTP/2 without TLS"
            found.spots.append(Spot(*y.place(scheme), ROUTE, "route", "scheme: h2c", State.BRIDGED, why, units=units))


def _grpc_route(document: y.Node, world: World, leads: bool, units: tuple[str, ...], found: Looked) -> None:
    asked = {y.text_of(y.get(node, "method", "service")) for node in y.walk(document)} - {""}
    if not leads and not asked & world.services:
        return
    node = y.get(document, "kind")
    message = "a GRPCRoute takes gRPC only"
    told = Advice(
        message, f"for Connect's clients add an HTTPRoute to {'the same port' if world.single else PORT_NAME}"
    )
    why = "the port behind it goes on speaking gRPC"
    units = units or tuple(sorted(asked & world.services))
    found.spots.append(Spot(*y.place(node), ROUTE, "route", "kind: GRPCRoute", State.BRIDGED, why, told, units))
