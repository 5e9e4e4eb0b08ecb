"""`/metrics`: how the server does, in the text form of Prometheus."""

from __future__ import annotations

import time
from collections.abc import Iterator

from anyio import to_thread
from fastapi import APIRouter, Request
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chroma.disks import disks
from chroma.server.home.context import Context
from chroma.server.http.asked import Whole
from chroma.server.store import counts

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")  # a sender may make up others

router = APIRouter()


class Metrics:
    """ASGI middleware that counts requests, and knows what `/metrics` tells.

    Args:
        app: The app behind it.
        registry: Holds what is counted; one for each app.
    """

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._answered = Counter(
            "chroma_requests", "Requests answered", ("method", "route", "status"), registry=registry
        )
        self._seconds = Histogram(
            "chroma_request_seconds", "Seconds until the answer was sent", ("route",), registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on one request, and count its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500  # an error that reaches the server is answered so

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            # the route's template: paths hold ids, of which there is no end
            route = getattr(scope.get("route"), "path", "other")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._answered.labels(method, route, status).inc()
            self._seconds.labels(route).observe(time.perf_counter() - began)


def new_registry() -> CollectorRegistry:
    """A registry that knows this process: CPU seconds, memory, open files."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry


@router.get("/metrics")
async def metrics(request: Request, context: Whole) -> Response:
    """What Prometheus reads, as text; with a token it sends it as `Authorization: Bearer`."""
    text = await to_thread.run_sync(_text, request.app.state.registry, context)
    return Response(text, media_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


def _text(registry: CollectorRegistry, context: Context) -> bytes:
    now = CollectorRegistry()
    now.register(_Home(context))
    return generate_latest(registry) + generate_latest(now)


class _Home:
    """What the home holds as it is asked."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def collect(self) -> Iterator[Metric]:
        """Read the catalog once."""
        context = self._context
        with context.store.reading() as catalog:
            runs, jobs, rows = (
                counts.runs_by_status(catalog),
                counts.jobs_by_status(catalog),
                counts.rows(catalog),
            )
        yield _gauge("chroma_runs", "Runs that are not deleted", "status", runs)
        yield _gauge("chroma_jobs", "Jobs: films, neighbor graphs, findings", "status", jobs)
        for name, number in rows.items():
            yield GaugeMetricFamily(f"chroma_{name}", f"{name.capitalize()} in the catalog", number)
        progress = context.progress
        yield GaugeMetricFamily(
            "chroma_ingest_waiting", "Segments found and not taken in yet", progress.of - progress.taken
        )
        down = {each.part: each.times for each in context.parts.down()}
        yield _gauge("chroma_part_failures", "Failures in a row of parts that are down now", "part", down)
        found = disks(context.settings)
        for name, says, values in (
            ("chroma_disk_free_bytes", "Free bytes of a disk", {each.of: each.free for each in found}),
            ("chroma_disk_low", "1: it has little room left", {each.of: int(each.low) for each in found}),
        ):
            yield _gauge(name, says, "of", values)


def _gauge(name: str, says: str, label: str, values: dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, says, labels=(label,))
    for value, number in values.items():
        family.add_metric([value], number)
    return family
