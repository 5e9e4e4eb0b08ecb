"""Which report is of a run as it is now: a report's file is named by the digest of what it was made from."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from sqlmodel import col, select

from chroma.records import Metrics, Notes
from chroma.server.store.catalog import Catalog
from chroma.server.store.files import Files
from chroma.server.store.findings.report import Report
from chroma.server.store.findings.report_file import encode, read_file
from chroma.server.store.tables import Run, Segment, Snapshot
from chroma.untrusted import Stamp

logger = logging.getLogger("chroma.server")

KIND = "findings"  # of the jobs that make reports
_VERSION = "1"  # raised when other findings come of the same run


def inputs_digest(catalog: Catalog, run_id: str) -> str | None:
    """A digest of all a report of a run is made from: 32 hex digits; None where nothing was captured.

    Logged scalars and what users wrote do not count: findings do not read them.
    """
    segments = catalog.session.exec(
        select(Segment.digest)
        .where(Segment.run_id == run_id, col(Segment.kind).not_in((Notes.kind, Metrics.kind, "run")))
        .order_by(col(Segment.digest))
    ).all()
    if not segments:
        return None
    shown = catalog.session.exec(
        select(Snapshot.digest).where(Snapshot.run_id == run_id, col(Snapshot.digest).is_not(None))
    ).all()
    parts = [_VERSION, *segments, "", *sorted(digest or "" for digest in shown)]
    return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def has_report(catalog: Catalog, run_id: str, inputs: str) -> bool:
    """Whether the report of these inputs is there, whole or not."""
    return catalog.files.size(_path(run_id, inputs)) is not None


def without_report(catalog: Catalog, run_ids: Collection[str] | None) -> list[str]:
    """The runs that ended and have no report of what they are now, oldest first; None: of all runs."""
    ended = (col(Run.deleted_at).is_(None), Run.status != "running", col(Run.placeholder).is_(False))
    query = select(Run.id).where(*ended)
    if run_ids is not None:
        query = query.where(col(Run.id).in_(run_ids))
    found: list[str] = []
    for run_id in catalog.session.exec(query.order_by(col(Run.created_at))).all():
        inputs = inputs_digest(catalog, run_id)
        if inputs is not None and not has_report(catalog, run_id, inputs):
            found.append(run_id)
    return found


def read_report(catalog: Catalog, run_id: str) -> Report | None:
    """The newest report of a run; None where there is none, it is damaged, or there is no such run.

    A damaged one is removed, so that it is made anew when it is next asked for.
    """
    if catalog.session.get(Run, run_id) is None:
        return None  # what is asked for may be no name of a file
    for name in reversed(_names(catalog.files, run_id)):
        path = catalog.files.path(name)
        try:
            return _read(path, _stamp(path))
        except FileNotFoundError:
            continue  # a newer one took its place
        except (OSError, ValueError) as error:
            logger.warning("chroma: the report %s cannot be read (%s); it is made anew", path.name, error)
            with suppress(OSError):
                catalog.files.remove(name)
    return None


def save_report(files: Files, run_id: str, report: Report) -> None:
    """Store a report; it takes the place of earlier ones of its run."""
    place = _path(run_id, report.inputs)
    files.write(place, encode(report))
    for name in _names(files, run_id):
        if name != place:
            with suppress(OSError):
                files.remove(name)


def damaged_reports(files: Files) -> Iterator[tuple[str, Path, str]]:
    """Reports that cannot be read: run, file and reason."""
    for name in _names(files, ""):
        path = files.path(name)
        try:
            read_file(path)
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            yield path.parent.name, path, str(error)


def folder(run_id: str) -> str:
    """Where a run's reports lie, relative to the store."""
    return f"findings/{run_id}"


def _path(run_id: str, inputs: str) -> str:
    return f"{folder(run_id)}/{inputs}.arrow"


def _names(files: Files, run_id: str) -> list[str]:
    """The reports of a run, the oldest first; of all runs if it is empty."""
    files.own(_path(run_id or "x", "x"))  # checks it
    within = folder(run_id) if run_id else "findings"
    return [each.path for each in files.below_folder(within) if each.path.endswith(".arrow")]


def _stamp(path: Path) -> Stamp:
    found = path.stat()
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=8)  # columns of a film ask for it again and again
def _read(path: Path, stamp: Stamp) -> Report:
    return read_file(path)


def current_run(catalog: Catalog, run_id: str) -> Run | None:
    """A run that is not deleted."""
    run = catalog.session.get(Run, run_id)
    return run if run is not None and run.deleted_at is None else None
