"""Frames in three dimensions: what they are known by, and where they are kept."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import select

from chroma.errors import ConfigError, NotFoundError
from chroma.projection.methods import METHODS
from chroma.server.store.catalog import Catalog
from chroma.server.store.films.film_request import LARGE
from chroma.server.store.films.lookups import frame_at, frame_by
from chroma.server.store.tables import Film, Frame, Job

ORBIT = "orbit"  # kind of the jobs that draw them


@dataclass(frozen=True, slots=True)
class Orbit:
    """A frame of a film in three dimensions.

    Attributes:
        film: Which film.
        frame: The frame on the screen that it is turned to.
        method: pca or umap.
    """

    film: Film
    frame: Frame
    method: str

    @property
    def digest(self) -> str:
        """What its numbers are fetched by; they never change."""
        return f"{self.frame.digest}-{self.method}"

    @property
    def key(self) -> str:
        """Of its job."""
        return f"{self.film.id}/{self.digest}"

    @property
    def path(self) -> str:
        """Of its file: float32 x[n], y[n], z[n]."""
        return f"films/{self.film.id}/{self.digest}.orbit"


def spatial_most(method: str) -> int | None:
    """Of how many samples at most a frame is drawn in three dimensions by a method; None: of any number."""
    return None if method == "pca" else LARGE


def orbit_of(catalog: Catalog, film: Film, index: int | None, method: str) -> Orbit:
    """The frame of a film at an index, the last one by default, in three dimensions.

    Raises:
        ConfigError: It cannot be drawn by this method, or the film has too many samples.
        NotFoundError: There is no such frame, or none yet.
    """
    spatial = [name for name, each in METHODS.items() if each.spatial]
    if method not in spatial:
        raise ConfigError(f"no frame is drawn in three dimensions by {method!r}; give {' or '.join(spatial)}")
    most = spatial_most(method)
    if most is not None and film.n > most:
        raise ConfigError(
            f"a frame of {film.n:,} samples is drawn in three dimensions by pca alone; by {method} up to "
            f"{most:,}: pick fewer samples"
        )
    frame = frame_at(catalog, film, index)
    if frame is None:
        raise NotFoundError("frame", "of this film; wait until it is drawn")
    return Orbit(film, frame, method)


def orbit_by(catalog: Catalog, film: Film, digest: str) -> Orbit:
    """A frame in three dimensions by its digest.

    Raises:
        NotFoundError: There is no such frame.
    """
    frame, _, method = digest.partition("-")
    found = frame_by(catalog, film, frame)
    if method not in METHODS:
        raise NotFoundError("way to draw in three dimensions", method, METHODS)
    return Orbit(film, found, method)


def job_of(catalog: Catalog, orbit: Orbit) -> Job | None:
    """The job that draws it."""
    return catalog.session.exec(select(Job).where(Job.kind == ORBIT, Job.key == orbit.key)).first()


def film_of(job: Job) -> str:
    """Id of the film that a job is about; of findings the id of their run."""
    return job.key.partition("/")[0]
