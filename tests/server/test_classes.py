"""Labels and predictions are compared only where it is known which class is which label."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from chroma.ids import sample_ids
from chroma.journal import JournalWriter
from chroma.records import LayerNote, Outputs
from chroma.server.home.context import Context
from chroma.server.jobs.film import draw_film
from chroma.server.store.films.columns import column_values, film_columns
from chroma.server.store.films.lifecycle import wanted_films
from chroma.server.store.films.sources import chosen_layer, default_layer
from chroma.server.store.lookups import split_by
from chroma.server.store.queries import run_layers
from chroma.server.store.samples.classes import prediction_texts
from tests.server import filming
from tests.server.filming import Turns

N = 30
PREDICTED = np.arange(N) % 3
MISSING = 65_535


def columns(context: Context, labels: Any, class_names: list[str]) -> dict[str, Any]:
    """Legend, note and values of `label`, `prediction` and `correct` of a model that is always right."""
    writer = JournalWriter(context.settings.journal, filming.RUN)
    filming.begin(writer, N, labels=labels, class_names=class_names)
    writer.commit(filming.snapshot(0, N))
    figures = np.full(N, 0.9, np.float32)
    writer.commit(Outputs("val", 0, 0, np.arange(N), PREDICTED, figures, figures, figures))
    filming.finish(context, writer)
    film = filming.ask(context, "pca")
    draw_film(context.store, film.id, Turns(context, film))
    with context.store.reading() as catalog:
        notes = {column.name: column.note for column in film_columns(catalog, film)}
        names = ("label", "prediction", "correct")
        found = {name: column_values(catalog, film, name, None) for name in names}
        texts = prediction_texts(catalog, split_by(catalog, filming.RUN, "val"), PREDICTED[:3])
    return {name: (column.legend, values) for name, (column, values) in found.items()} | {
        "notes": notes,
        "texts": texts,
    }


def of_each(*values: Any) -> Any:
    return sample_ids([values[at] for at in PREDICTED])


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ([], "Labels are texts and classes have no names"),
        (["Cat", "Cow", "Dog"], "No label is one of the class names ('Cat', …)"),
    ],
)
def test_texts_that_no_class_is_named_by_are_not_called_wrong(
    opened: Context, names: list[str], says: str
) -> None:
    found = columns(opened, of_each("cat", "cow", "dog"), names)
    legend, values = found["correct"]
    assert legend == ("wrong", "right")
    assert (values == MISSING).all()
    assert found["notes"]["correct"].startswith(says)
    assert found["notes"]["correct"].endswith("give class_names=, the labels' texts by class index.")
    assert not found["notes"]["label"]
    assert found["texts"] == (names or [None] * 3)
    assert "0" not in found["prediction"][0]


@pytest.mark.parametrize(
    ("labels", "names", "texts"),
    [
        (of_each("cat", "cow", "dog"), ["cat", "cow", "dog"], ["cat", "cow", "dog"]),
        (of_each("0", "1", "2"), [], ["0", "1", "2"]),
        (PREDICTED, [], ["0", "1", "2"]),
        (PREDICTED, ["cat", "cow", "dog"], ["cat", "cow", "dog"]),
    ],
)
def test_known_classes_are_compared(opened: Context, labels: Any, names: list[str], texts: list[str]) -> None:
    found = columns(opened, labels, names)
    assert (found["correct"][1] == 1).all()
    assert found["texts"] == texts
    assert not any(found["notes"].values())
    np.testing.assert_array_equal(found["label"][1], found["prediction"][1])


def test_layers_come_in_the_order_of_the_model_and_one_is_the_default(opened: Context) -> None:
    writer = JournalWriter(opened.settings.journal, filming.RUN)
    filming.begin(writer, N)
    for name, default in (("zeta", False), ("mid", True), ("alpha", True)):
        writer.commit(replace(filming.snapshot(0, N, layer=name), note=LayerNote(default=default)))
    filming.finish(opened, writer)
    with opened.store.reading() as catalog:
        layers = run_layers(catalog, [filming.RUN])[filming.RUN]
        chosen = chosen_layer(catalog, split_by(catalog, filming.RUN, "val"), None)
        (request,) = wanted_films(catalog, [filming.RUN]).requests
    assert [layer.name for layer in layers] == ["zeta", "mid", "alpha"]
    assert {default_layer(layers).name, chosen.name, request.layer} == {"mid"}
