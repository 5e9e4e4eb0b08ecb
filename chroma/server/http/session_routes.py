"""Sessions of the dashboard's pages."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from chroma.server.http.sessions import HEADER, RENEW, Sessions
from chroma.server.store.access import Grant

router = APIRouter(prefix="/api")


@router.post("/session")
def renew(request: Request, response: Response) -> dict[str, str | int]:
    """A new session for the one that is shown, or for the token, and the seconds to keep it."""
    sessions: Sessions = request.app.state.sessions
    grant: Grant = request.state.grant
    shown = request.headers.get(HEADER)
    response.headers["Cache-Control"] = "no-store"
    return {"session": sessions.renew(shown, grant.digest), "renew": RENEW}
