"""Whether the server works, for those who show no token: nothing of the home's contents is told."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

import chroma
from chroma.server.home.context import Context

router = APIRouter(prefix="/api")


@router.get("/health")
async def health(request: Request) -> dict[str, Any]:
    """The version; which parts are down, and why; how many segments a start has taken in, of how many."""
    return _state(request)


@router.get("/health/ready")
async def ready(request: Request) -> JSONResponse:
    """The same for load balancers: 503 until the start's backlog is taken in, and while a part is down.

    Where films wait for workers, pages are answered all the same, and say so.
    """
    state = _state(request)
    works = state["ingest"]["caught_up"] and state["down"].keys() <= {"worker"}
    return JSONResponse(state, 200 if works else 503)


def _state(request: Request) -> dict[str, Any]:
    context: Context = request.app.state.context
    progress = context.progress
    return {
        "status": "ok",
        "version": chroma.__version__,
        "down": {
            each.part: {"reason": each.brief, "since": each.since.isoformat(), "times": each.times}
            for each in context.parts.down()
        },
        "ingest": {"taken": progress.taken, "of": progress.of, "caught_up": progress.caught_up.is_set()},
    }
