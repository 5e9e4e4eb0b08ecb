"""Which runs can stand in one film: they hold the layer, and followed the same data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import col, select

from chroma.errors import ConfigError
from chroma.server.store.catalog import Catalog
from chroma.server.store.films.same_data import Followed, difference
from chroma.server.store.films.sources import last_snapshot
from chroma.server.store.samples.load import split_samples
from chroma.server.store.tables import Layer, Run, Split

MOST = 24  # newest runs looked at: each has its samples read


@dataclass(frozen=True, slots=True)
class Partner:
    """Another run of the project.

    Attributes:
        run: The run.
        refusal: Why it cannot stand in a film with the first one; None: it can.
    """

    run: Run
    refusal: str | None


def partners_of(catalog: Catalog, run: Run, layer: Layer, split: Split) -> tuple[list[Partner], int]:
    """The other living runs of a project that may join a film over runs, newest first.

    Returns:
        Those looked at, at most `MOST`; and how many there are.
    """
    others = catalog.session.exec(
        select(Run)
        .where(Run.project_id == run.project_id, Run.id != run.id, col(Run.deleted_at).is_(None))
        .order_by(col(Run.created_at).desc(), Run.id)
    ).all()
    found = [
        Partner(other, _refusal(catalog, run, other, layer=layer, split=split, epoch=None))
        for other in others[:MOST]
    ]
    return found, len(others)


def refuse_others(
    catalog: Catalog,
    run: Run,
    others: Sequence[Run],
    *,
    layer: Layer,
    split: Split,
    epoch: int | None,
) -> None:
    """Check that runs can stand in one film.

    Raises:
        ConfigError: One has nothing of the layer, or did not follow the same data; the sentence says what
            differs.
    """
    for other in others:
        refusal = (
            f"it belongs to another project than {run.name!r}"
            if other.project_id != run.project_id
            else _refusal(catalog, run, other, layer=layer, split=split, epoch=epoch)
        )
        if refusal is not None:
            raise ConfigError(
                f"run {other.name!r} cannot be a frame of this film: {refusal}; "
                "choose runs on the same data, or give the samples keys of your own as ids"
            )


def _refusal(
    catalog: Catalog, run: Run, other: Run, *, layer: Layer, split: Split, epoch: int | None
) -> str | None:
    snapshot = last_snapshot(catalog, other.id, layer.name, split.name, epoch)
    if snapshot is None:
        at = "" if epoch is None else f" at epoch {epoch}"
        return f"it has no snapshot of layer {layer.name!r} in split {split.name!r}{at}"
    theirs = catalog.session.get_one(Split, snapshot.split_id)
    return difference(
        Followed(run.name, split, split_samples(catalog, split)),
        Followed(other.name, theirs, split_samples(catalog, theirs)),
    )
