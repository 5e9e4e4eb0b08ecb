"""Access: from this machine only, from our own pages, with the token.

The browser is the danger: any web page may send requests to 127.0.0.1. A page that re-binds its name to
this machine is refused by its Host, one that posts from elsewhere by its Origin, and all others lack the
token. Behind a proxy the browser knows us by another name and below a prefix: both are settings.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from chroma.server.http.problems import problem

LOOPBACK = ("127.0.0.1", "localhost", "::1")  # names of this machine that no other machine can reach
_READS = ("GET", "HEAD", "OPTIONS")
_OPEN = "/api/health"
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Chroma</title>
<body style="font:16px/1.5 system-ui;max-width:36em;margin:15vh auto;padding:0 1em">
<h1 style="font-size:1.25em">This page needs a token</h1>
<p>Open the link that <code>chroma ui</code> prints: it ends with <code>?token=…</code>.
Running <code>chroma ui</code> again opens it for you.</p>"""


class Gate:
    """ASGI middleware that lets through only what `design` §6.8 allows.

    Args:
        app: The app behind it.
        token: What must be shown as `Authorization: Bearer`, in the cookie, or once as `/?token=`;
            None asks for nothing, but Host and Origin are checked all the same.
        hosts: Names under which a proxy shows the dashboard, with or without a port.
    """

    def __init__(self, app: ASGIApp, token: str | None, hosts: Collection[str] = ()) -> None:
        self._app = app
        self._token = token
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on one request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        answer = self._foreign(scope, headers) or self._unknown(scope, headers)
        if answer is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await answer(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": "refused"})

    def _unknown(self, scope: Scope, headers: Headers) -> Response | None:
        """The answer that asks for the token; None where the request has it."""
        path = _below_prefix(scope)
        if self._token is None or path == _OPEN:
            return None
        cookie = _cookie_name(headers["host"])
        if path == "/" and (welcome := self._welcome(scope, cookie)) is not None:
            return welcome
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        shown = bearer.strip() if scheme.lower() == "bearer" else _cookie(headers, cookie)
        if self._matches(shown):
            return None
        if scope["type"] == "http" and "text/html" in headers.get("accept", ""):
            return HTMLResponse(_PAGE, 401, {"Cache-Control": "no-store"})
        return problem(
            401,
            "this dashboard asks for its token: send Authorization: Bearer with the token in server.json",
            {"WWW-Authenticate": "Bearer"},
        )

    def _welcome(self, scope: Scope, cookie: str) -> Response | None:
        """Turn `/?token=` into a cookie, and send the browser to the address without it.

        The new address is relative: a proxy may have removed a prefix that we do not know.
        """
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = dict(query).get("token")
        if given is None or not self._matches(given):
            return None
        rest = urlencode([(name, value) for name, value in query if name != "token"])
        response = RedirectResponse(
            f"./?{rest}" if rest else "./",
            303,
            {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"},
        )
        response.set_cookie(
            cookie,
            given,
            httponly=True,
            samesite="lax",
            secure=scope["scheme"] == "https",
            path=f"{scope.get('root_path', '')}/",
        )
        return response

    def _matches(self, given: str | None) -> bool:
        return given is not None and hmac.compare_digest(given.encode(), (self._token or "").encode())

    def _foreign(self, scope: Scope, headers: Headers) -> Response | None:
        """The refusal of a request for another host, or from another site's page; None for all others."""
        host = headers.get("host", "")
        if _hostname(host) not in LOOPBACK and not self._allows(host):
            return problem(
                403,
                f"the host {host!r} is not this machine; use http://127.0.0.1 or localhost, "
                "or name the host of your proxy by --allow-host",
            )
        changes = scope["type"] == "websocket" or scope["method"] not in _READS
        origin = headers.get("origin")
        if not changes or origin is None:
            return None
        page = origin.partition("://")[2]
        if page == host or self._allows(page):
            return None
        return problem(403, f"requests from pages of {origin} are refused; use the dashboard's own page")

    def _allows(self, host: str) -> bool:
        return host.lower() in self._hosts or _hostname(host) in self._hosts


def _below_prefix(scope: Scope) -> str:
    """The path without the prefix of a proxy, whether the proxy has taken it away or not."""
    path, prefix = scope["path"], scope.get("root_path", "")
    return path.removeprefix(prefix) if prefix and path.startswith(f"{prefix}/") else path


def _hostname(host: str) -> str | None:
    """The name in a Host header; None where it holds more than a name and a port."""
    try:
        parts = urlsplit(f"//{host}")
        whole = parts.netloc == host and "@" not in host and parts.port != 0
        return parts.hostname if whole else None
    except ValueError:
        return None


def _cookie_name(host: str) -> str:
    """Cookies know no ports: two dashboards on one machine need two names."""
    return f"chroma-token-{urlsplit(f'//{host}').port or 80}"


def _cookie(headers: Headers, name: str) -> str | None:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return None
    return found.value if found else None
