"""Bytes of what trainings said of their own samples."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from chroma.server.http.asked import Seen
from chroma.server.http.caching import ASK, answer
from chroma.server.http.numbers import Int64
from chroma.server.store import lookups
from chroma.server.store.samples.arrow import training_stream
from chroma.server.store.samples.fit_outputs import fit_outputs

router = APIRouter(prefix="/api")


@router.get("/runs/{run_id}/training-outputs")
def training_outputs(
    request: Request, context: Seen, run_id: str, split: str = "train", epoch: Int64 | None = None
) -> Response:
    """The outputs of a training's own batches, of all epochs or of one: an Arrow stream."""
    with context.store.reading() as catalog:
        lookups.run_by(catalog, run_id)
        found = fit_outputs(catalog, run_id, split, epochs=None if epoch is None else [epoch])
    return answer(request, training_stream(found), "application/vnd.apache.arrow.stream", cache=ASK)
