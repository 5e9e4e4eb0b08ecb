"""Which runs can share a film: they have the layer, and captured the same data."""

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

MOST = 24  # newest runs that are checked: the samples of each are read


@dataclass(frozen=True, slots=True)
class Partner:
    """Another run of the project.

    Attributes:
        run: The run.
        refusal: Why it cannot share a film with the first one; None: it can.
    """

    run: Run
    refusal: str | None


def partners_of(catalog: Catalog, run: Run, layer: Layer, split: Split) -> tuple[list[Partner], int]:
    """The other runs of a project, newest first, and whether each can share a film with this one.

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
    """Check that runs can share a film.

    Raises:
        ConfigError: One has no snapshot of the layer, or did not capture the same data; the message
            names the difference.
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
