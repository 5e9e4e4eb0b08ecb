"""Which samples a split has: those that are followed, and those that only a report speaks of."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import select

from chroma.errors import NotFoundError
from chroma.server.store import lookups, tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.findings.reports import read_report
from chroma.server.store.samples.load import split_samples


def split_row(catalog: Catalog, run_id: str, name: str) -> tables.Split | None:
    """A split by its name; None where none of its samples is followed."""
    query = select(tables.Split).where(tables.Split.run_id == run_id, tables.Split.name == name)
    return catalog.session.exec(query).first()


def has_keys(catalog: Catalog, run_id: str, name: str) -> bool:
    """Whether the ids of a split are texts.

    Raises:
        NotFoundError: No such run, or no sample of such a split is known.
    """
    row = split_row(catalog, run_id, name)
    if row is not None:
        return row.keys
    report = read_report(catalog, run_id)
    if report is None or name not in report.scores:
        return lookups.split_by(catalog, run_id, name).keys  # raises
    return report.scores[name].ids.dtype == object


def check_samples(catalog: Catalog, run_id: str, name: str, sample_ids: Sequence[str]) -> None:
    """Check that a split has these samples.

    Args:
        catalog: Open for reading.
        run_id: Whose.
        name: Of the split.
        sample_ids: As text.

    Raises:
        NotFoundError: No such run, or the split lacks some of them, of which the first are named.
    """
    has_keys(catalog, run_id, name)
    row, report = split_row(catalog, run_id, name), read_report(catalog, run_id)
    known: dict[str, None] = {}  # in their order
    if row is not None:
        known |= dict.fromkeys(map(str, split_samples(catalog, row).ids.tolist()))
    if report is not None and name in report.scores:
        known |= dict.fromkeys(map(str, report.scores[name].ids.tolist()))
    unknown = [id_ for id_ in dict.fromkeys(sample_ids) if id_ not in known]
    if unknown:
        raise NotFoundError("sample", unknown[0], known, unknown[1:])
