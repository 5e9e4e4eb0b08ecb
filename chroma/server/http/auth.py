"""Access: from this machine only, from our own pages, with the token or a session, or signed in at a proxy.

The browser is the danger: any web page may send requests to 127.0.0.1. A page that re-binds its name to
this machine is refused by its Host, one of another site or port by its Origin, and all others lack the
token. Behind a proxy the browser knows us by another name and below a prefix: both are settings.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection
from urllib.parse import parse_qsl, urlencode

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chroma.errors import RefusedError
from chroma.server.home.context import Context
from chroma.server.http.grants import Grants
from chroma.server.http.origins import below_prefix, is_from_a_page, is_program, may_change, refusal
from chroma.server.http.policies import Framers
from chroma.server.http.problems import problem
from chroma.server.http.sessions import HEADER, PROTOCOL, Sessions
from chroma.server.http.signed_in import SignedIn
from chroma.server.store.access import OWNER, Grant, NoMemberError
from chroma.server.store.links import link_of
from chroma.server.store.members import USER, admins
from chroma.server.store.tables import Link
from chroma.server.store.tokens import digest_of

_OPEN = ("/api/health", "/api/health/ready")
_GRAPHIQL = "/graphiql.html"
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Chroma</title>
<body style="font:16px/1.5 system-ui;max-width:36em;margin:15vh auto;padding:0 1em">
<h1 style="font-size:1.25em">This link is of a dashboard that ended</h1>
<p>Open the link that <code>chroma ui</code> prints: it ends with <code>?token=…</code>.
Running <code>chroma ui</code> again opens it for you.</p>"""
_ENDED = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Chroma</title>
<body style="font:16px/1.5 system-ui;max-width:36em;margin:15vh auto;padding:0 1em">
<h1 style="font-size:1.25em">This link has ended</h1>
<p>It was revoked, or its time is over, or the run that it showed was deleted.
Ask whoever sent it to you for another.</p>"""


class Gate:
    """ASGI middleware that lets through only what `design` §6.8 allows.

    The dashboard's files are open to every page of this machine: they hold nothing of anybody's.

    Args:
        app: The app behind it.
        token: What must be shown as `Authorization: Bearer`, or once as `/?token=`, which begins a session,
            if no token of the catalog is; None asks for nothing, but Host and Origin are checked.
        sessions: Of the pages.
        framers: Who may show the dashboard in a frame; a link with the token may name them.
        hosts: Names under which a proxy shows the dashboard, with or without a port.
        signed_in: Tells the user who signed in at the proxy; None where it signs nobody in.
    """

    def __init__(
        self,
        app: ASGIApp,
        token: str | None,
        sessions: Sessions,
        framers: Framers,
        hosts: Collection[str] = (),
        *,
        signed_in: SignedIn | None = None,
    ) -> None:
        self._app = app
        self._token = token
        self._sessions = sessions
        self._framers = framers
        self._hosts = hosts
        self._signed_in = signed_in
        self._grants = Grants()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on one request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        why = refusal(scope, headers, self._hosts)
        if why is None and _wants_graphiql(scope, headers):
            scope = {**scope, "path": scope["path"].removesuffix("/graphql") + _GRAPHIQL}
        answer = problem(403, why) if why else await self._refused(scope, headers)
        if answer is None:
            if scope["type"] == "websocket":
                receive, send = self._while_granted(scope, receive, send)
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await answer(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": "refused"})

    async def _refused(self, scope: Scope, headers: Headers) -> Response | None:
        """The answer that asks for the token, or begins a session; None where the request may pass."""
        path = below_prefix(scope)
        if path in _OPEN:
            return None
        if not is_program(scope):
            return await self._welcome(scope) if path == "/" and self._token is not None else None
        needed = _needed(scope)
        try:
            grant = await self._grant(scope, headers)
            if grant is not None:
                grant.check(needed)
        except RefusedError as error:
            return problem(403, str(error), code=type(error).__name__)
        if grant is None:
            return problem(
                401,
                "this dashboard asks for its token: send Authorization: Bearer with the token in server.json "
                "or one of chroma tokens create; in a browser, open the link that chroma ui prints",
                {"WWW-Authenticate": "Bearer"},
            )
        state = scope.setdefault("state", {})
        state["grant"] = grant
        context = _context(scope)
        if context is not None:
            state["context"] = context.within(grant.reach(needed))
        return None

    async def _grant(self, scope: Scope, headers: Headers) -> Grant | None:
        """What whoever asks may do; None where neither token, session nor user is known.

        Raises:
            RefusedError: Who asks is known, and must not do this.
        """
        if self._token is None:
            return OWNER
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return await self._by_token(scope, bearer.strip())
        session = _session(scope, headers)
        if session is not None and session in self._sessions:
            holder = self._sessions.holder(session)
            found = OWNER if holder is None else await self._by_holder(scope, holder)
            if found is not None:
                return found
        return None if self._signed_in is None else await self._by_user(self._signed_in, scope, headers)

    async def _by_user(self, signed_in: SignedIn, scope: Scope, headers: Headers) -> Grant | None:
        """What the user may do who signed in at the proxy.

        A browser shows that they did with every request, whichever page made it: so ours must have.
        """
        user = signed_in.user(scope)
        context = _context(scope)
        if user is None or context is None:
            return None
        if may_change(scope) and not is_from_a_page(headers):
            raise RefusedError(
                "who signed in at the proxy may change things by the dashboard's own page alone, which sends "
                "Origin; programs send Authorization: Bearer with a token of chroma tokens create"
            )
        grant = await self._grants.of(context, f"{USER}{user}")
        if grant is None:

            def known() -> list[str]:
                with context.store.reading() as catalog:
                    return admins(catalog)

            raise NoMemberError(user, await to_thread.run_sync(known))
        return grant

    async def _by_token(self, scope: Scope, given: str) -> Grant | None:
        return OWNER if self._is_token(given) else await self._by_holder(scope, digest_of(given))

    async def _by_holder(self, scope: Scope, holder: str) -> Grant | None:
        context = _context(scope)
        return None if context is None else await self._grants.of(context, holder)

    def _while_granted(self, scope: Scope, receive: Receive, send: Send) -> tuple[Receive, Send]:
        """A socket's two ends, which close once its holder may do less, or more, than when it was opened."""
        grant: Grant = scope["state"]["grant"]
        holder = grant.holder
        if holder is None:
            return receive, send
        closed = False

        async def receiving() -> Message:
            message = await receive()
            if await self._by_holder(scope, holder) != grant:
                return {"type": "websocket.disconnect", "code": 1008}
            return message

        async def sending(message: Message) -> None:
            nonlocal closed
            if not closed and await self._by_holder(scope, holder) != grant:
                closed = True
                await send({"type": "websocket.close", "code": 1008, "reason": "what it may do has changed"})
            if not closed:
                await send(message)

        return receiving, sending

    async def _welcome(self, scope: Scope) -> Response | None:
        """Turn `/?token=` or `/?link=` into a session, and send the browser to the address without it.

        The session stands behind the #, which browsers send to nobody. The address is relative: a proxy may
        have removed a prefix that we do not know.
        """
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        link = dict(query).get("link")
        if link is not None:
            return await self._show(scope, link)
        given = dict(query).get("token")
        if given is None:
            return None
        grant = await self._by_token(scope, given)
        if grant is None or grant.kind == "link":
            return HTMLResponse(_PAGE, 401, {"Cache-Control": "no-store"})
        for name, value in query:
            if name == "framed-by":
                self._framers.add(value)
        rest = urlencode([(name, value) for name, value in query if name not in ("token", "framed-by")])
        address = f"./{'?' if rest else ''}{rest}#session={self._sessions.begin(grant.holder)}"
        return RedirectResponse(address, 303, {"Cache-Control": "no-store"})

    async def _show(self, scope: Scope, secret: str) -> Response:
        """Open a link's view, in a session that sees its run alone; only the browser's tab keeps it."""
        context = _context(scope)

        def found() -> Link | None:
            if context is None:
                return None
            with context.store.reading() as catalog:
                return link_of(catalog, secret)

        link = await to_thread.run_sync(found)
        if link is None:
            return HTMLResponse(_ENDED, 401, {"Cache-Control": "no-store"})
        address = f"./{link.address}#tab-session={self._sessions.begin(link.digest)}"
        return RedirectResponse(address, 303, {"Cache-Control": "no-store"})

    def _is_token(self, given: str) -> bool:
        shown = given.encode("utf-8", "surrogatepass")
        return hmac.compare_digest(shown, (self._token or "").encode())


def _context(scope: Scope) -> Context | None:
    return getattr(getattr(scope.get("app"), "state", None), "context", None)


def _needed(scope: Scope) -> str:
    """The scope of tokens that a request needs. What a mutation needs is checked where it is made."""
    if scope["type"] == "websocket" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
        return "read"
    path = below_prefix(scope)
    return "read" if path in ("/graphql", "/api/session") or path.endswith("/export") else "write"


def _session(scope: Scope, headers: Headers) -> str | None:
    """The session that a request shows."""
    if scope["type"] == "http":
        return headers.get(HEADER)
    offered = (name.strip() for name in headers.get("sec-websocket-protocol", "").split(","))
    return next((name.removeprefix(PROTOCOL) for name in offered if name.startswith(PROTOCOL)), None)


def _wants_graphiql(scope: Scope, headers: Headers) -> bool:
    """Whether a person opened `/graphql`: GraphiQL's page is a file, and asks for data itself."""
    return (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and below_prefix(scope) == "/graphql"
        and "text/html" in headers.get("accept", "")
        and b"query=" not in scope["query_string"]
    )
