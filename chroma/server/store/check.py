"""Verifies every file of a store against the catalog, and drops damaged films and graphs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

from sqlmodel import col, delete, select

from chroma.errors import SegmentError, SegmentMissingError
from chroma.journal import entries, set_aside_segments
from chroma.server.store.catalog import Catalog, Store
from chroma.server.store.films.lifecycle import grow_film
from chroma.server.store.findings.reports import damaged_reports
from chroma.server.store.listing import FEW
from chroma.server.store.orphans import orphans
from chroma.server.store.snapshots.neighbor_graphs import read_graph
from chroma.server.store.tables import Film, Frame, Graph, Layer, Revision, Segment, Snapshot, Split

_FRAME_DIGEST = 24  # hex digits of a frame's digest that are of its numbers


@dataclass(frozen=True, slots=True)
class Damage:
    """Something of a home that cannot be read as it was written.

    Attributes:
        kind: What it is: a stored segment; a segment that was set aside; a run whose journal cannot be read;
            a frame of a film, a neighbor graph or a report of findings, which can be made again; or an
            orphan: a file of the store that nothing in the catalog names, which can be removed.
        run: Id of its run.
        path: Of the file or folder.
        reason: One sentence.
        layer: Name of its layer, if it is of one; so are the next three.
        split: Name of its split.
        epoch: 0-based.
        step: Global optimizer step.
        row: Id of its row, for what can be made again.
    """

    kind: Literal["segment", "set aside", "run", "film", "graph", "findings", "orphan"]
    run: str
    path: Path
    reason: str
    layer: str | None = None
    split: str | None = None
    epoch: int | None = None
    step: int | None = None
    row: str | None = None

    @property
    def derived(self) -> bool:
        """Whether it can be made again from the segments."""
        return self.kind in ("film", "graph", "findings")

    @property
    def can_go(self) -> bool:
        """Whether nothing is lost with it."""
        return self.derived or self.kind == "orphan"


def find_damage(catalog: Catalog, journal: Path) -> Iterator[Damage]:
    """Read every file of the store, and look for what could not come in from the journal.

    Args:
        catalog: Open for reading.
        journal: The journal's folder.
    """
    yield from _damaged_segments(catalog)
    yield from damaged_frames(catalog, thorough=True)
    yield from _damaged_graphs(catalog)
    for run, path, reason in damaged_reports(catalog.files):
        yield Damage("findings", run, path, reason)
    for run, orphan in orphans(catalog):
        yield Damage("orphan", run, catalog.files.own(orphan.path), "nothing in the catalog names it")
    refused: list[tuple[str, OSError]] = []
    list(entries(journal, lambda run, error: refused.append((run, error))))
    for run, error in refused:
        yield Damage("run", run, journal / run, f"its journal cannot be read or moved: {error}")
    folders = (journal, *(root / "runs" for root in catalog.files.roots))
    for run, path, reason in (each for folder in folders for each in set_aside_segments(folder)):
        yield Damage("set aside", run, path, reason)


def note_missing(catalog: Catalog, runs: Collection[str]) -> None:
    """Note the stored segments of some runs whose file is gone or has another size; none is read."""
    if not catalog.files.is_local:
        return  # each would be a request; what is gone is found when it is read, or by a check
    rows = select(Segment.run_id, Segment.path, Segment.bytes)
    if len(runs) <= FEW:
        rows = rows.where(col(Segment.run_id).in_(runs))
    for run, path, size in catalog.session.exec(rows).all():
        if run not in runs:
            continue
        try:
            if catalog.files.path(path).lstat().st_size == size:
                continue
        except OSError:
            pass
        catalog.files.miss(path)


def damaged_frames(
    catalog: Catalog, *, thorough: bool, films: Collection[str] | None = None
) -> Iterator[Damage]:
    """Frames whose file is missing or has another size; if `thorough`, or holds other numbers.

    Args:
        catalog: Open for reading.
        thorough: Read every file.
        films: Of these films only; None: of all.
    """
    query = (
        select(Frame, Film, Layer.name, Split.name)
        .join(Revision, col(Frame.revision_id) == Revision.id)
        .join(Film, col(Revision.film_id) == Film.id)
        .join(Layer, col(Film.layer_id) == Layer.id)
        .join(Split, col(Film.split_id) == Split.id)
    )
    if films is not None and len(films) <= FEW:
        query = query.where(col(Film.id).in_(films))
    rows: Iterable[Any] = catalog.session.exec(query).all()
    for frame, film, layer, split in rows:
        if films is not None and film.id not in films:
            continue
        path = catalog.files.path(frame.path, fresh=thorough)
        try:
            reason = "" if path.stat().st_size == 8 * frame.of else "its size is wrong"
            if thorough and not reason:
                digest = blake2b(path.read_bytes(), digest_size=_FRAME_DIGEST // 2).hexdigest()
                reason = "" if frame.digest.startswith(digest) else "its bytes do not match its digest"
        except OSError as error:
            reason = str(error)
        if reason:
            yield Damage("film", film.run_id, path, reason, layer, split, frame.epoch, frame.step, film.id)


def drop_derived(catalog: Catalog, damages: Sequence[Damage]) -> None:
    """Drop damaged graphs and reports, the drawings that damaged frames belong to, and orphans.

    Their films are drawn again; reports are made again by the next dashboard.
    """
    graphs = {damage.row for damage in damages if damage.kind == "graph"}
    films = {damage.row for damage in damages if damage.kind == "film"}
    frames = (
        select(Revision.id)
        .join(Frame, col(Frame.revision_id) == Revision.id)
        .where(col(Frame.path).in_([_relative(catalog, damage.path) for damage in damages]))
    )
    gone = catalog.session.exec(frames.where(col(Revision.film_id).in_(films))).all()
    catalog.session.exec(delete(Revision).where(col(Revision.id).in_(gone)))
    catalog.session.exec(delete(Graph).where(col(Graph.id).in_(graphs)))
    for damage in damages:
        if damage.can_go and damage.path.is_relative_to(catalog.files.root):
            # or the same numbers, drawn again, would leave it as it is
            catalog.files.remove(_relative(catalog, damage.path))
    for film in films:
        grow_film(catalog, str(film))


def mend_films(store: Store, films: Collection[str], *, thorough: bool = False) -> None:
    """Ask for those of some films anew whose frames are gone; if thorough, or hold other numbers."""
    if not films:
        return
    with store.reading() as catalog:
        damaged = list(damaged_frames(catalog, thorough=thorough, films=films))
    if damaged:
        with store.writing() as catalog:
            drop_derived(catalog, damaged)


def _relative(catalog: Catalog, path: Path) -> str:
    root = catalog.files.root
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else ""


def _damaged_segments(catalog: Catalog) -> Iterator[Damage]:
    for row in catalog.session.exec(select(Segment).order_by(col(Segment.run_id), col(Segment.id))).all():
        path = catalog.files.path(row.path)
        try:
            read = catalog.files.open_segment(row.path)
            reason = "" if read.digest == row.digest else "it is another segment than the one taken in"
        except SegmentMissingError:
            reason = "it is missing"
        except SegmentError as error:
            reason = str(error)
        if reason:
            yield Damage("segment", row.run_id, path, reason, row.layer, row.split, row.epoch, row.step)


def _damaged_graphs(catalog: Catalog) -> Iterator[Damage]:
    rows: Iterable[Any] = catalog.session.exec(
        select(Graph, Snapshot, Layer.name, Split.name)
        .join(Snapshot, col(Graph.query_id) == Snapshot.id)
        .join(Layer, col(Snapshot.layer_id) == Layer.id)
        .join(Split, col(Snapshot.split_id) == Split.id)
    ).all()
    for graph, of, layer, split in rows:
        if read_graph(catalog.files, graph) is None:
            path = catalog.files.path(graph.path)
            reason = "it is damaged" if path.exists() else "it is missing"
            yield Damage("graph", of.run_id, path, reason, layer, split, of.epoch, of.step, graph.id)
