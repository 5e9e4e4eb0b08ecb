"""Keras on TensorFlow with `chroma.autolog()`; run by `test_keras`, in one process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from tests.wild.films import shows
from tests.wild.running import Trained

Train = Callable[..., Trained]


def given(model: Any, layer: str, x: Any, *, of_input: bool = False) -> Any:
    """What goes into a layer of a functional model, or comes out of it."""
    found = model.get_layer(layer)
    return keras.Model(model.inputs, found.input if of_input else found.output).predict(x, verbose=0)


def test_a_training_step_of_ones_own(train: Train) -> None:
    custom = train("keras/custom_train_step.py")
    x, y, model = custom["x"][200:300], custom["y"][200:300], custom["model"]
    shows(
        custom.run.film("val"), ids=range(100), layer="logits:input", labels=y,
        vectors=given(model, "features", x), predictions=model.predict(x, verbose=0).argmax(1),
    )  # fmt: skip


def test_shuffled_datasets_are_followed_by_content(train: Train) -> None:
    shuffled = train("keras/shuffled_dataset.py")
    images, labels, model = shuffled["images"][160:240], shuffled["labels"][160:240], shuffled["model"]
    film = shuffled.run.film("val")
    wanted = given(model, model.layers[-1].name, images, of_input=True)
    # each row is some image's, and label and prediction are of the same image
    distance = np.abs(film.vectors[-1][:, None] - wanted[None]).max(2)
    at = distance.argmin(1)
    assert sorted(at.tolist()) == list(range(80))
    shows(
        film, ids=film.ids, layer=film.layer, labels=labels[at], vectors=wanted[at],
        predictions=model.predict(images, verbose=0).argmax(1)[at], identity=film.identity,
    )  # fmt: skip
    # and the same row is the same image in both epochs
    assert len(film.vectors) == 2


def test_strings_go_in(train: Train) -> None:
    strings = train("keras/strings.py")
    model, texts, labels = strings["model"], strings["texts"][80:], strings["labels"][80:]
    x = strings["tf"].constant(texts)
    scores = model.predict(x, verbose=0)[:, 0]
    film = strings.run.film("val")
    for layer in model.layers[:-1]:
        x = layer(x)
    shows(
        film, ids=range(40), layer="predictions:input", labels=labels, vectors=np.asarray(x),
        predictions=(scores > 0.5).astype(int), identity=film.identity,
    )  # fmt: skip


def test_two_stages_of_a_model(train: Train) -> None:
    stages = train("keras/two_stages.py")
    (x, y), model = stages["val"], stages["model"]
    moments = [moment for run in stages.runs for moment in run.film("val").moments]
    assert len(moments) == 4
    if len(stages.runs) == 2:
        assert len({run.opened.name for run in stages.runs}) == 2
    film = stages.runs[-1].film("val")
    shows(
        film, ids=range(100), layer=film.layer, labels=y, vectors=stages["base"].predict(x, verbose=0),
        predictions=model.predict(x, verbose=0).argmax(1), epochs=film.epochs,
    )  # fmt: skip


def test_a_model_without_call_shows_a_layer_of_its_encoder(train: Train) -> None:
    vae = train("keras/no_call.py")
    film = vae.run.film("train")
    mean = given(vae["encoder"], "z_mean", vae["x"])
    shows(film, ids=range(160), layer="encoder.z_mean", vectors=mean)


def test_pairs_of_inputs(train: Train) -> None:
    siamese = train("keras/siamese.py")
    model = siamese["model"]
    film = siamese.run.film("val", "differ")
    scores = model.predict(siamese["pairs_val"], verbose=0)
    shows(
        film, ids=range(80), layer="differ", labels=siamese["labels_val"], vectors=scores,
        predictions=(scores[:, 0] > 0.5).astype(int),
    )  # fmt: skip


def test_segmentation_shows_what_goes_into_the_pixels_classifier(train: Train) -> None:
    pixels = train("keras/segmentation.py")
    dataset, model = pixels["Pets"](100, 150, 25), pixels["model"]
    features = given(model, "classes", dataset.images[..., None], of_input=True).mean((1, 2))
    shows(pixels.run.film("val"), ids=range(50), layer="classes:input", vectors=features)


def test_one_fit_for_each_epoch(train: Train) -> None:
    fits = train("keras/epochs_by_hand.py")
    x, model = fits["x"][100:], fits["model"]
    moments = [moment for run in fits.runs for moment in run.film("val").moments]
    assert len(moments) == 3
    assert len({run.opened.name for run in fits.runs}) == len(fits.runs)
    film = fits.runs[-1].film("val", "out")
    shows(
        film, ids=range(50), layer="out", labels=fits["iris"].target[fits["order"]][100:],
        vectors=model.predict(x, verbose=0), predictions=model.predict(x, verbose=0).argmax(1),
        epochs=film.epochs,
    )  # fmt: skip
