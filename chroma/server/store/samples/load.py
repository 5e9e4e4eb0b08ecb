"""The samples of a split, by dense position; kept in memory and completed as segments come.

A sample's position is the order of its first appearance in the split's stored segments, whatever their
kind: `samples` segments come first where there are any. Later segments only append, so a position once
given never changes (image addresses are cached for ever).
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select

from chroma.errors import SegmentError
from chroma.records import Hidden, RunEvent, TrainingOutputs
from chroma.segment import ReadSegment
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.files import Files
from chroma.server.store.samples.table import Key, SampleTable, SampleTableBuilder

logger = logging.getLogger("chroma.server")

_CACHED = 16  # splits kept in memory


_LOOKED_AT = "samples"  # in a session: what was read of splits, by id; readers may put another in the cache
_cache: OrderedDict[tuple[str, str], SampleTableBuilder] = OrderedDict()
_lock = threading.Lock()


def split_samples(
    catalog: Catalog, split: tables.Split, fresh: tuple[ReadSegment, tables.Segment] | None = None
) -> SampleTable:
    """The samples of a split; later segments complete earlier ones.

    A stored file that is damaged or gone is left out with a warning: the others name the same samples.

    Args:
        catalog: Open for reading.
        split: Which split.
        fresh: A segment of it that is open already, and the row that it got in this transaction, in which
            every segment is given here: what was looked at in the transaction is not looked at again.

    Raises:
        SegmentError: All stored files are damaged.
        FileNotFoundError: All stored files are gone.
    """
    with _lock:
        name = (str(catalog.files.root), split.id)
        builder = _cache.get(name)
        looked_at: dict[str, SampleTableBuilder] = catalog.session.info.setdefault(_LOOKED_AT, {})
        if fresh is not None and builder is not None and looked_at.get(split.id) is builder:
            read, row = fresh
            builder.add(read, (row.id or 0, row.digest), partial(catalog.files.path, row.path))
            return builder.finished()
        if builder is None or not _still_there(catalog, split, builder.seen):
            builder = SampleTableBuilder()
        new = _segments(split, tables.Segment.id, tables.Segment.digest, tables.Segment.path)
        if builder.seen:
            new = new.where(col(tables.Segment.id) > builder.seen[-1][0])
        damage: Exception | None = None
        for id_, digest, path in catalog.session.exec(new.order_by(col(tables.Segment.id))).all():
            known = fresh[0] if fresh is not None and fresh[0].digest == digest else None
            try:
                builder.add(
                    known or catalog.files.open_segment(path),
                    (id_, digest),
                    partial(catalog.files.path, path),
                )
            except (SegmentError, FileNotFoundError) as error:
                damage = error
                builder.leave_out((id_, digest))
        table = builder.finished()
        if damage is not None:
            if not len(table):
                raise damage
            logger.warning("chroma: %s; its samples are taken from other segments", damage)
        _cache[name] = builder
        if fresh is not None:
            looked_at[split.id] = builder
        _cache.move_to_end(name)
        while len(_cache) > _CACHED:
            _cache.popitem(last=False)
        return table


def forget_samples(catalog: Catalog | None, files: Files) -> None:
    """Forget what was read of a store: a transaction, or a part of this one, that added to it was undone."""
    with _lock:
        if catalog is not None:
            catalog.session.info.pop(_LOOKED_AT, None)
        for name in [name for name in _cache if name[0] == str(files.root)]:
            del _cache[name]


def _segments(split: tables.Split, *columns: Any) -> Any:
    """Columns of the segments that name samples of a split."""
    return select(*columns).where(
        tables.Segment.run_id == split.run_id,
        tables.Segment.split == split.name,
        # of the kinds with a split, two have no ids, and one those of samples that are not followed
        col(tables.Segment.kind).not_in((Hidden.kind, RunEvent.kind, TrainingOutputs.kind)),
    )


def _still_there(catalog: Catalog, split: tables.Split, seen: Sequence[Key]) -> bool:
    """Whether the segments that were read are still the first of their split: as many, up to the same one."""
    if not seen:
        return True
    last, digest = seen[-1]
    row = catalog.session.get(tables.Segment, last)
    if row is None or (row.digest, row.split, row.run_id) != (digest, split.name, split.run_id):
        return False
    count = _segments(split, func.count()).where(col(tables.Segment.id) <= last)
    return catalog.session.exec(count).one() == len(seen)
