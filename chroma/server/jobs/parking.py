"""Films that are parked halfway: others go first, and what is done so far is kept in a file."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np

from chroma.projection.film import Halfway
from chroma.projection.large_film import ParkedLargeFilm
from chroma.server.jobs.film_data import FilmData

_EVERY = 0.3  # seconds between two looks at the queue: each reads the catalog
# Seconds that a job may wait for another worker before this one is parked for it: going on costs, too.
_PATIENCE = 1.0


class FilmParkedError(Exception):
    """Another job goes first; what was done of this film is kept."""


def asked_now_and_then(park: Callable[[], bool]) -> Callable[[], bool]:
    """Whether a job that goes first waits, and no other worker takes it.

    Between two looks at the queue the answer is no.
    """
    looked = time.monotonic()
    waits_since: float | None = None

    def parking() -> bool:
        nonlocal looked, waits_since
        present = time.monotonic()
        if present - looked < _EVERY:
            return False
        looked = present
        if not park():
            waits_since = None
            return False
        waits_since = present if waits_since is None else waits_since
        return present - waits_since >= _PATIENCE

    return parking


def keep_halfway(data: FilmData, made_of: str, state: Halfway | ParkedLargeFilm) -> None:
    """Keep what is done of a film, to go on from.

    Args:
        data: Of the film.
        made_of: Its recipe: of a film that is made of something else nothing can be taken.
        state: What is done.
    """
    arrays: dict[str, Any] = {"made_of": np.frombuffer(made_of.encode(), np.uint8)}
    if isinstance(state, ParkedLargeFilm):
        rest: dict[str, Any] = {
            name: getattr(state, name)
            for name in ("drawn", "frames", "bonds", "near")
            if getattr(state, name) is not None
        }
        arrays |= rest
        state = state.landmarks or Halfway(-1, np.empty((0, 0, 2), np.float32))
    arrays |= {"passes": np.array(state.passes), "positions": state.frames}
    body = io.BytesIO()
    np.savez(body, **arrays)
    data.store.files.write_sealed(_path(data), body.getvalue())


def halfway(data: FilmData, made_of: str) -> Halfway | None:
    """Where a film was parked; None where it begins."""
    return _halfway(_read(data, made_of))


def large_halfway(data: FilmData, made_of: str) -> ParkedLargeFilm | None:
    """Where a large film was parked; None where it begins."""
    found = _read(data, made_of)
    if not found:
        return None
    rest = [found.get(name) for name in ("drawn", "frames", "bonds", "near")]
    return ParkedLargeFilm(_halfway(found), *rest)


def forget_halfway(data: FilmData) -> None:
    """Drop what was kept of a film: it is drawn."""
    data.store.files.remove(_path(data))


def _read(data: FilmData, made_of: str) -> dict[str, Any]:
    """What was kept of the film; nothing where it is of another one, or damaged: then it begins anew."""
    body = data.store.files.read_sealed(_path(data), fresh=True)
    try:
        with np.load(io.BytesIO(body or b""), allow_pickle=False) as kept:
            found = {name: kept[name] for name in kept.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return {}
    return found if found.get("made_of", np.empty(0, np.uint8)).tobytes() == made_of.encode() else {}


def _halfway(found: dict[str, Any]) -> Halfway | None:
    passes = int(found["passes"]) if found else -1
    return Halfway(passes, found["positions"]) if passes >= 0 else None


def _path(data: FilmData) -> str:
    return f"films/{data.film.id}/parked.npz"
