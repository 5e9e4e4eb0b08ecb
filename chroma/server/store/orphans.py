"""Files of the store that no row names: of a kill between the file and its row, or of a lost catalog."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from sqlmodel import col, select

from chroma.server.store.catalog import Catalog
from chroma.server.store.files import Stored
from chroma.server.store.tables import Attempt, Film, Frame, Graph, Run, Segment

_YOUNG = 3600.0  # seconds: the row of a file may be on its way


def orphans(catalog: Catalog) -> Iterator[tuple[str, Stored]]:
    """Each with the id of its run, or empty.

    Segments are what was captured: they count only where their run was deleted for good.
    """
    oldest = time.time() - _YOUNG
    kinds: dict[str, Callable[[Catalog], Callable[[list[str], str], bool]]] = {
        "films": _films,
        "graphs": _graphs,
        "findings": _findings,
        "runs": _segments,
    }
    for folder, rule in kinds.items():
        is_orphan = rule(catalog)
        for each in catalog.files.below_folder(folder):
            parts = each.path.split("/")
            if each.written < oldest and len(parts) > 2 and is_orphan(parts, each.path):
                yield "" if folder == "films" else parts[1], each


def _films(catalog: Catalog) -> Callable[[list[str], str], bool]:
    films = set(catalog.session.exec(select(Film.id)).all())
    frames = set(catalog.session.exec(select(Frame.path)).all())

    def is_orphan(parts: list[str], path: str) -> bool:
        if parts[1] in films:
            return path.endswith(".f32") and path not in frames
        return parts[2] != "subset.json"  # links to a film of picked samples outlive it

    return is_orphan


def _graphs(catalog: Catalog) -> Callable[[list[str], str], bool]:
    paths = set(catalog.session.exec(select(Graph.path)).all())
    return lambda parts, path: path not in paths


def _findings(catalog: Catalog) -> Callable[[list[str], str], bool]:
    runs = set(catalog.session.exec(select(Run.id)).all())
    return lambda parts, path: parts[1] not in runs


def _segments(catalog: Catalog) -> Callable[[list[str], str], bool]:
    begun = select(Attempt.run_id)
    gone = select(Run.id).where(col(Run.deleted_at).is_not(None), col(Run.id).not_in(begun))
    runs = set(catalog.session.exec(gone).all())
    notes = set(catalog.session.exec(select(Segment.path).where(col(Segment.run_id).in_(runs))).all())
    return lambda parts, path: parts[1] in runs and parts[2] == "segments" and path not in notes
