"""Hugging Face's Trainer with `chroma.autolog()`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from tests.wild.films import shows
from tests.wild.running import Trained

Train = Callable[..., Trained]
pytestmark = pytest.mark.transformers


@torch.no_grad()
def given(trained: Trained) -> Any:
    """What the model gives of the validation samples as one batch, hidden states included."""
    batch = trained["collate"]([trained["val_dataset"][i] for i in range(len(trained["val_dataset"]))])
    return trained["model"].eval()(**batch, output_hidden_states=True), batch


def test_text_classification(train: Train) -> None:
    texts = train("transformers/text_classification.py")
    said, batch = given(texts)
    film = texts.run.film("val", "classifier")
    shows(
        film, ids=range(40), layer="classifier", labels=batch["labels"], vectors=said.logits,
        predictions=said.logits.argmax(1), epochs=film.epochs,
    )  # fmt: skip
    assert list(film.class_names) == ["negative", "positive"]
    assert texts.run.film("val").layer == "classifier:input"


def test_a_language_model_shows_its_last_hidden_state(train: Train) -> None:
    model = train("transformers/causal_lm.py")
    x = torch.tensor([each["input_ids"] for each in model["val_dataset"]])
    with torch.no_grad():
        hidden = model["model"].eval().transformer(x).last_hidden_state
    film = model.run.film("val")
    shows(film, ids=range(16), layer=film.layer, vectors=hidden.mean(1), epochs=film.epochs)
    assert model.run.task == "sequence"


def test_pairs_of_answers_are_all_there_and_the_option_is_named(train: Train) -> None:
    pairs = train("transformers/preference_pairs.py")
    film = pairs.run.film("val")
    assert (film.identity, len(film.ids), film.predictions) == ("order", 48, [])
    assert any("ids=" in each for each in pairs.run.said)
    dataset, model = pairs["val_dataset"], pairs["model"].eval()
    # batches of 12 samples: their chosen answers, then their rejected ones
    halves = [dataset[:12], dataset[12:]]
    rows = [each[name] for half in halves for name in ("chosen", "rejected") for each in half]
    with torch.no_grad():
        hidden = model.transformer(torch.stack(rows)).last_hidden_state
    shows(film, ids=range(48), layer="lm_head:input", vectors=hidden.mean(1), identity="order")


def test_tokens_are_averaged_over_those_that_are_valid(train: Train) -> None:
    tokens = train("transformers/token_classification.py")
    said, batch = given(tokens)
    mask = batch["attention_mask"].unsqueeze(2)
    features = (said.hidden_states[-1] * mask).sum(1) / mask.sum(1)
    film = tokens.run.film("val")
    shows(film, ids=range(24), layer="classifier:input", vectors=features, epochs=film.epochs)
