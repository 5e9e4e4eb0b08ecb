"""What people read of single samples: one in full, or many as lines of a list."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select

from chroma.errors import ConfigError
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.samples.classes import label_texts, prediction_texts
from chroma.server.store.samples.load import split_samples
from chroma.server.store.samples.outputs import FIGURES, step_outputs

_MOST_LINES = 500
_LINE = 200  # characters of a text that a line shows


@dataclass(frozen=True, slots=True)
class SampleDetails:
    """A sample with the model's outputs at one step; None where something is not known.

    Attributes:
        id: Its id, as text.
        position: In its split.
        label: Name of its class, or its measurement as text.
        prediction: Name of the predicted class.
        confidence: Probability of the prediction.
        margin: Probability of the label less that of the best other class.
        cross_entropy: Nats.
        has_image: Whether its image was captured.
        text: Its whole text.
        metadata: Plain values by name.
        tags: Names of its tags.
    """

    id: str
    position: int
    label: str | None
    prediction: str | None
    confidence: float | None
    margin: float | None
    cross_entropy: float | None
    has_image: bool
    text: str | None
    metadata: Mapping[str, Any]
    tags: Sequence[str]


@dataclass(frozen=True, slots=True)
class SampleLine:
    """A sample in a list; its text is cut to 200 characters."""

    id: str
    position: int
    label: str | None
    text: str | None


def sample_details(catalog: Catalog, split: tables.Split, position: int, step: int | None) -> SampleDetails:
    """A sample by its position, with the outputs of a step, the last one by default.

    Raises:
        NotFoundError: No such position.
    """
    table = split_samples(catalog, split)
    table.check_positions([position])
    outputs = step_outputs(catalog, split, step)
    found: dict[str, Any] = {"prediction": None} | dict.fromkeys(FIGURES)
    if outputs is not None:
        one = outputs.prediction[position : position + 1]
        found["prediction"] = prediction_texts(catalog, split, one)[0]
        found |= {name: _finite(getattr(outputs, name)[position]) for name in FIGURES}
    id_ = str(table.ids[position])
    return SampleDetails(
        id=id_,
        position=position,
        label=label_texts(table, [position])[0],
        has_image=table.image(position) is not None,
        text=None if table.texts is None else table.texts[position],
        metadata={name: _plain(values[position]) for name, values in table.metadata.items()},
        tags=_tags(catalog, split, id_),
        **found,
    )


def sample_lines(catalog: Catalog, split: tables.Split, positions: Sequence[int]) -> list[SampleLine]:
    """Samples by their positions, in the order asked for.

    Raises:
        ConfigError: Too many are asked for.
        NotFoundError: No such position.
    """
    if len(positions) > _MOST_LINES:
        raise ConfigError(f"{len(positions)} samples were asked for; ask for {_MOST_LINES} at a time")
    table = split_samples(catalog, split)
    table.check_positions(positions)
    return [
        SampleLine(
            id=str(table.ids[at]),
            position=at,
            label=label,
            text=None if table.texts is None or table.texts[at] is None else table.texts[at][:_LINE],
        )
        for at, label in zip(positions, label_texts(table, positions), strict=True)
    ]


def _tags(catalog: Catalog, split: tables.Split, sample_id: str) -> Sequence[str]:
    return catalog.session.exec(
        select(tables.Tag.name)
        .join(tables.TaggedSample, col(tables.TaggedSample.tag_id) == tables.Tag.id)
        .where(tables.Tag.run_id == split.run_id, tables.Tag.split == split.name)
        .where(tables.TaggedSample.sample_id == sample_id)
        .order_by(tables.Tag.name)
    ).all()


def _plain(value: Any) -> Any:
    plain = value.item() if hasattr(value, "item") else value
    return _finite(plain) if isinstance(plain, float) else plain


def _finite(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None
