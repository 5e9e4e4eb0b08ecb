"""One frame in three dimensions."""

from __future__ import annotations

from typing import Annotated

import strawberry

from chroma.server.graphql.context import Info
from chroma.server.graphql.films import JobStatus
from chroma.server.home.orbit_requests import request_orbit
from chroma.server.store.catalog import Catalog
from chroma.server.store.films import orbits
from chroma.server.store.films.lookups import film_by

FrameIndex = Annotated[
    int | None, strawberry.argument(description="Index of the frame, from 0; null: the last one")
]
Method = Annotated[str, strawberry.argument(description="pca or umap")]


@strawberry.type(description="A frame of a film in three dimensions; its front is like the frame.")
class Orbit:
    status: JobStatus = strawberry.field(description="How far its drawing is")
    progress: float = strawberry.field(description="0..1")
    message: str = strawberry.field(description="What is being done now, for people")
    error: str | None = strawberry.field(description="Why it could not be drawn, for people; else null")
    digest: str | None = strawberry.field(
        description="Once it is READY: its numbers are at /api/films/{id}/orbit/{digest}, f32 x[n], y[n], "
        "z[n], largest coordinate 1, NaN where a sample is missing"
    )

    @classmethod
    def read(cls, catalog: Catalog, orbit: orbits.Orbit) -> Orbit:
        """How far it is."""
        if catalog.files.size(orbit.path) is not None:
            return cls(status=JobStatus.READY, progress=1.0, message="", error=None, digest=orbit.digest)
        job = orbits.job_of(catalog, orbit)
        status = JobStatus(job.status) if job else JobStatus.PENDING
        return cls(
            # A file that is gone is drawn again once it is asked for.
            status=JobStatus.PENDING if status is JobStatus.READY else status,
            progress=job.progress if job else 0.0,
            message=job.message if job else "",
            error=job.error if job and job.status == "failed" else None,
            digest=None,
        )


@strawberry.type
class OrbitQuery:
    @strawberry.field(description="How far a frame in three dimensions is; an event of its film says so")
    async def orbit(
        self, info: Info, film_id: strawberry.ID, method: Method, frame: FrameIndex = None
    ) -> Orbit:
        return await info.context.read(
            lambda catalog: Orbit.read(
                catalog, orbits.orbit_of(catalog, film_by(catalog, str(film_id)), frame, method)
            )
        )


@strawberry.type
class OrbitMutation:
    @strawberry.mutation(description="Draws one frame in three dimensions; once it is drawn it stays")
    async def request_orbit(
        self, info: Info, film_id: strawberry.ID, method: Method, frame: FrameIndex = None
    ) -> Orbit:
        found = await info.context.compute(request_orbit, str(film_id), frame, method)
        return await info.context.read(lambda catalog: Orbit.read(catalog, found))
