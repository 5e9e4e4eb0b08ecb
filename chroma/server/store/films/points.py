"""The points of a film: the samples of its split that it shows, in order."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.errors import ConfigError, NotFoundError
from chroma.records import Array, Ids
from chroma.server.store.catalog import Catalog
from chroma.server.store.files import Files
from chroma.server.store.films.joint_points import joint_table
from chroma.server.store.films.joint_splits import splits_of
from chroma.server.store.samples.arrow import arrow_column, arrow_stream
from chroma.server.store.samples.load import SampleTable, split_samples
from chroma.server.store.tables import Film, Split

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Part:
    """The samples of one split among the points of a joint film: those from `start` on."""

    split: Split
    table: SampleTable
    start: int


@dataclass(frozen=True, slots=True)
class Points:
    """Point i of a film is the sample at `positions[i]` of its table.

    Attributes:
        table: The samples of the split; over runs of the first one's, of several splits of all.
        positions: int64 `[n]`, ascending: all of the table, or the picked ones.
        parts: Of several splits, in the order of the points; empty for one.
    """

    table: SampleTable
    positions: Places
    parts: tuple[Part, ...] = ()

    def __len__(self) -> int:
        return len(self.positions)

    def sample(self, split: str, row: int) -> tuple[str, int]:
        """The split and the position there of a row of the table.

        Args:
            split: Of the film; several splits say it themselves.
            row: Of `table`.
        """
        for part in reversed(self.parts):
            if row >= part.start:
                return part.split.name, row - part.start
        return split, row

    def rows_of(self, split_id: str, ids: Ids) -> Places:
        """As `rows`, of the samples of one split by their own ids."""
        for part in self.parts:
            if part.split.id == split_id:
                places = part.table.positions(ids)
                return np.where(places < 0, -1, places + part.start)
        return self.rows(ids)

    def rows(self, ids: Ids) -> Places:
        """The points of these samples, `[len(ids)]`; -1 where the film does not show them."""
        places = self.table.positions(ids)
        point_at = np.full(len(self.table) + 1, -1, np.int64)  # the last one: for unknown samples
        point_at[self.positions] = np.arange(len(self.positions))
        return point_at[places]


def points_of(catalog: Catalog, film: Film) -> Points:
    """The points of a film as its split is now; samples that come later are appended.

    Raises:
        FileNotFoundError: The file with the picked samples is gone.
    """
    if film.splits is not None:
        return _joint(catalog, film)
    table = split_samples(catalog, catalog.session.get_one(Split, film.split_id))
    if not film.subset:
        return Points(table, np.arange(len(table)))
    ids = _read(catalog.files, film.id)
    keys = np.array(ids, object if table.ids.dtype == object else np.int64)
    places = table.positions(keys)
    return Points(table, np.sort(places[places >= 0]))


def _joint(catalog: Catalog, film: Film) -> Points:
    splits = splits_of(catalog, film)
    tables = [split_samples(catalog, split) for split in splits]
    starts = np.cumsum([0, *(len(table) for table in tables)]).tolist()
    parts = tuple(Part(*each) for each in zip(splits, tables, starts, strict=False))
    whole = joint_table([split.name for split in splits], tables)
    return Points(whole, np.arange(len(whole)), parts)


def point_ids(catalog: Catalog, film: Film) -> Array:
    """The ids of a film's points, in film order: int64, or object of str."""
    points = points_of(catalog, film)
    return points.table.ids[points.positions[: film.n]]


def film_ids(catalog: Catalog, film: Film) -> bytes:
    """The ids of a film's points, in film order: column `id`, int64 or string; of several splits `split`."""
    points = points_of(catalog, film)
    columns = {"id": arrow_column(points.table.ids[points.positions[: film.n]])}
    if points.parts:
        names = np.repeat(
            [part.split.name for part in points.parts], [len(part.table) for part in points.parts]
        )
        columns["split"] = arrow_column(names.astype(object)[: film.n])
    return arrow_stream(columns)


def pick(table: SampleTable, sample_ids: Collection[str]) -> list[Any]:
    """The ids of picked samples, in the order and of the type of their split.

    Args:
        table: The samples of the split.
        sample_ids: As text.

    Raises:
        ConfigError: None is picked.
        NotFoundError: Some are not in the split; the first of them are named.
    """
    if not sample_ids:
        raise ConfigError("no sample is picked for the film; pick at least one, or leave the choice out")
    wanted = set(sample_ids)
    picked = [id_ for id_ in table.ids.tolist() if str(id_) in wanted]
    if len(picked) < len(wanted):
        known = [str(id_) for id_ in table.ids.tolist()]
        missing = wanted.difference(known)
        first, *more = [id_ for id_ in dict.fromkeys(sample_ids) if id_ in missing]
        raise NotFoundError("sample", first, known, more)
    return picked


def picked_of(files: Files, film_id: str) -> list[str]:
    """The samples that were picked for a film, as text; they outlive the film's row.

    Raises:
        NotFoundError: No samples were picked for such a film.
    """
    if not re.fullmatch(r"[0-9a-f]{32}", film_id) or not files.path(_path(film_id)).is_file():
        raise NotFoundError("film of picked samples", film_id)
    return [str(id_) for id_ in _read(files, film_id)]


def subset_digest(ids: Sequence[Any]) -> str:
    """What a choice of samples is known by: 32 hex digits."""
    return blake2b(json.dumps(ids).encode(), digest_size=16).hexdigest()


def keep_subset(files: Files, film_id: str, ids: Sequence[Any]) -> None:
    """Store the ids of a film's picked samples beside its frames."""
    files.write(_path(film_id), json.dumps(ids).encode())


def _read(files: Files, film_id: str) -> list[Any]:
    return json.loads(files.path(_path(film_id)).read_bytes())


def _path(film_id: str) -> str:
    return f"films/{film_id}/subset.json"
