"""Sessions of the dashboard's pages."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from chroma.errors import RefusedError
from chroma.server.http.sessions import HEADER, RENEW, Sessions
from chroma.server.store.access import Grant

router = APIRouter(prefix="/api")


@router.post("/session")
def renew(request: Request, response: Response) -> dict[str, str | int]:
    """A new session for the one that is shown, or for the token, and the seconds to keep it.

    Raises:
        RefusedError: A user signed in at the proxy: a session would last beyond that.
    """
    sessions: Sessions = request.app.state.sessions
    grant: Grant = request.state.grant
    if grant.kind == "user":
        raise RefusedError("the session has ended; you are signed in at the proxy, and need none")
    shown = request.headers.get(HEADER)
    response.headers["Cache-Control"] = "no-store"
    return {"session": sessions.renew(shown, grant.holder), "renew": RENEW}
