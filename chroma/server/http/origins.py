"""Which requests come from this machine and from the dashboard's own pages."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

LOOPBACK = ("127.0.0.1", "localhost", "::1")  # names of this machine that no other machine can reach

_READS = ("GET", "HEAD", "OPTIONS")
_PROGRAMS = ("/api/", "/graphql", "/openapi.json", "/metrics")


def below_prefix(scope: Scope) -> str:
    """The path without the prefix of a proxy, whether the proxy has taken it away or not."""
    path, prefix = scope["path"], scope.get("root_path", "")
    return path.removeprefix(prefix) if prefix and path.startswith(f"{prefix}/") else path


def is_program(scope: Scope) -> bool:
    """Whether a request wants data; others get the dashboard's files, the same for everybody."""
    return scope["type"] == "websocket" or below_prefix(scope).startswith(_PROGRAMS)


def refusal(scope: Scope, headers: Headers, hosts: Collection[str]) -> str | None:
    """Why a request for another host, or from another site's page, is refused; None for all others.

    Args:
        scope: The request.
        headers: Its headers.
        hosts: Names under which a proxy shows the dashboard, with or without a port.
    """
    host = headers.get("host", "")
    if _hostname(host) not in LOOPBACK and not _allows(hosts, host):
        return (
            f"the host {host!r} is not this machine; use http://127.0.0.1 or localhost, "
            "or name the host of your proxy by --allow-host"
        )
    # Browsers tell where a request comes from (Fetch Metadata): another port of this machine is same-site.
    if is_program(scope) and headers.get("sec-fetch-site") in ("same-site", "cross-site"):
        return "requests from pages of other sites and ports are refused; use the dashboard's own page"
    origin = headers.get("origin")
    if not may_change(scope) or origin is None:
        return None
    page = origin.partition("://")[2]
    if page == host or _allows(hosts, page):
        return None
    return f"requests from pages of {origin!r} are refused; use the dashboard's own page"


def may_change(scope: Scope) -> bool:
    """Whether a request may change something, or opens a socket that may."""
    return scope["type"] == "websocket" or scope["method"] not in _READS


def is_from_a_page(headers: Headers) -> bool:
    """Whether a browser says that a page sent a request that `refusal` let through: one of our own."""
    return "origin" in headers or headers.get("sec-fetch-site") == "same-origin"


def _allows(hosts: Collection[str], host: str) -> bool:
    return host.lower() in hosts or _hostname(host) in hosts


def _hostname(host: str) -> str | None:
    """The name in a Host header; None where it holds more than a name and a port."""
    try:
        parts = urlsplit(f"//{host}")
        whole = parts.netloc == host and "@" not in host and parts.port != 0
        return parts.hostname if whole else None
    except ValueError:
        return None
