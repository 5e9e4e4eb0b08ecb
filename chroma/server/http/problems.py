"""Errors as `application/problem+json` (RFC 9457): one sentence for people in `detail`."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse

from chroma.errors import (
    CatalogError,
    ChromaError,
    ConfigError,
    HomeError,
    IngestError,
    NotFoundError,
    RefusedError,
    SegmentError,
    StoreError,
)
from chroma.server.home.arrivals import DiskFullError, OtherSegmentError, RunDeletedError
from chroma.server.home.context import Context
from chroma.server.logs import request_id
from chroma.server.store.access import OWNER, Grant

_STATUS: tuple[tuple[type[ChromaError], int], ...] = (
    (OtherSegmentError, 409),
    (RunDeletedError, 410),
    (DiskFullError, 507),
    (RefusedError, 403),
    (NotFoundError, 404),
    (ConfigError, 422),
    (IngestError, 409),
    (SegmentError, 410),  # what it held is gone
    (CatalogError, 503),
    (StoreError, 503),
    (HomeError, 503),
)


def problem(status: int, detail: str, headers: dict[str, str] | None = None, **more: str) -> JSONResponse:
    """A problem response; `more` are further members of its body."""
    body = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def answer_problems(app: FastAPI) -> None:
    """Let the app answer errors with problems."""
    app.add_exception_handler(ChromaError, _chroma_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(Exception, _error_of_ours)


async def _chroma_error(request: Request, error: Exception) -> JSONResponse:
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    headers = {"Retry-After": "5"} if isinstance(error, StoreError) else None
    detail = told(request, str(error))
    return problem(status, detail, headers, code=type(error).__name__)


def told(connection: HTTPConnection, sentence: str) -> str:
    """An error as whoever asks may read it: on this machine as it is, elsewhere without its folders."""
    grant: Grant = getattr(connection.state, "grant", OWNER)
    if grant == OWNER:
        return sentence
    context: Context = connection.app.state.context
    return context.settings.without_places(sentence)


async def _http_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers) if error.headers else None
    return problem(error.status_code, str(error.detail), headers)


async def _validation_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"][1:])
    return problem(422, f"{name} cannot be used: {first['msg']}; give another value")


async def _error_of_ours(_request: Request, _error: Exception) -> JSONResponse:
    """What nobody expected; the server logs it afterwards."""
    current = request_id.get() or ""
    return problem(
        500,
        f"the server failed at this request; its log says why, at the request id {current}",
        {"X-Request-Id": current},
    )
