"""Bytes of findings: the patch that decisions on labels make, and the ids of a finding's samples."""

from __future__ import annotations

import json
from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import Response

from chroma.errors import NotFoundError
from chroma.server.http.asked import Seen
from chroma.server.http.caching import ASK, answer
from chroma.server.http.film_routes import EXPORTS
from chroma.server.store.findings.decisions import patch_file
from chroma.server.store.findings.state import newest_report

router = APIRouter(prefix="/api")


@router.get("/runs/{run_id}/splits/{split:path}/patch")
def patch(
    request: Request,
    context: Seen,
    run_id: str,
    split: str,
    format: Literal["csv", "json", "parquet"] = "json",
) -> Response:
    """The new labels that were decided on, as a file; json is an object of label by id."""
    with context.store.reading() as catalog:
        body = patch_file(catalog, run_id, split, format)
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="patch.{format}"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(body, media_type=EXPORTS[format], headers=headers)


@router.get("/runs/{run_id}/findings/{key}/ids")
def ids(request: Request, context: Seen, run_id: str, key: str) -> Response:
    """The ids of all samples behind a finding, strongest first: a JSON list of texts."""
    with context.store.reading() as catalog:
        report = newest_report(catalog, run_id)
    found = next((each for each in report.findings if each.key == key), None)
    if found is None:
        raise NotFoundError("finding", key, [each.key for each in report.findings])
    samples = [] if found.samples is None else [str(each) for each in found.samples.ids.tolist()]
    return answer(request, json.dumps(samples).encode(), EXPORTS["json"], cache=ASK)
