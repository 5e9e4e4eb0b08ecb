"""Lightning with `chroma.autolog()`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from tests.wild.films import Film, shows
from tests.wild.running import Trained

Train = Callable[..., Trained]
pytestmark = pytest.mark.lightning


@torch.no_grad()
def given(model: Any, *inputs: Any) -> Any:
    """What a model gives in evaluation mode."""
    return model.eval()(*inputs)


def says(trained: Trained, *options: str) -> None:
    """Assert that one sentence names each option that helps."""
    said = [*trained.run.said, *trained.warned] if trained.runs else trained.warned
    for option in options:
        assert any(option in each for each in said), said


def nearest(film: Film, wanted: torch.Tensor) -> np.ndarray:
    """Which of the wanted rows each row of a film's last frame is nearest to."""
    return torch.cdist(torch.tensor(film.vectors[-1], dtype=torch.float32), wanted).argmin(1).numpy()


def test_an_autoencoder_shows_its_bottleneck(train: Train) -> None:
    coder = train("lightning/autoencoder.py")
    images, labels = coder["dataset"].tensors
    code = given(coder["model"].encoder, images[200:300].flatten(1))
    shows(coder.run.film("val"), ids=range(200, 300), layer="encoder", labels=labels[200:300], vectors=code)


def test_a_gan_without_an_option_shows_no_fake_as_real(train: Train) -> None:
    gan = train("lightning/gan.py")
    says(gan, "forward=")
    images, labels = gan["dataset"].tensors
    film = gan.run.film("train")
    shows(film, ids=range(160), layer="discriminator.model.2:input", labels=labels)
    # weights move within the epoch in which the rows were captured, but little
    real = given(gan["model"].discriminator.model[:2], images.flatten(1))
    assert (nearest(film, real) == film.ids).mean() > 0.9


def test_a_gan_with_the_option_shows_real_images(train: Train) -> None:
    gan = train("lightning/gan_forward.py")
    images, labels = gan["dataset"].tensors
    features = given(gan["model"].discriminator.model[:2], images.flatten(1))
    shows(
        gan.run.film("train"), ids=range(160), layer="discriminator.model.2:input", labels=labels,
        vectors=features,
    )  # fmt: skip


def test_concatenated_views_show_the_first_view_of_each_sample(train: Train) -> None:
    simclr = train("lightning/simclr.py")
    dataset = simclr["ContrastiveDigits"](160, 240)
    film = simclr.run.film("val")
    shows(film, ids=range(80), layer="convnet.2:input", labels=dataset.targets)
    assert "first of the 2 rows" in film.reason
    # a view is its image with noise
    clean = given(simclr["model"].convnet[:2], dataset.images)
    assert (nearest(film, clean) == film.ids).mean() > 0.9


def test_two_views_of_a_sample(train: Train) -> None:
    views = train("lightning/two_views.py")
    labels = views["Views"]().targets
    film = views.run.film("train")
    shows(film, ids=range(160), layer="projection_head.2:input", labels=labels)


def test_a_siamese_network_shows_pairs(train: Train) -> None:
    siamese = train("lightning/siamese.py")
    pairs = siamese["Pairs"](200, 300)
    one, two, same = (torch.stack(each) for each in zip(*(pairs[i] for i in range(100)), strict=True))
    model = siamese["model"]
    encoded = torch.cat([given(model.encoder, one), given(model.encoder, two)], 1)
    shows(
        siamese.run.film("val"), ids=range(100), layer="fc.2:input", labels=same.int(),
        vectors=given(model.fc[:2], encoded), predictions=(given(model, one, two) > 0).int(),
    )  # fmt: skip


def test_detection_shows_images(train: Train) -> None:
    detection = train("lightning/detection.py")
    scenes, model = detection["Scenes"](60, 100), detection["model"].model
    batch = torch.zeros(40, 3, 12, 12)
    for slot, (image, _) in zip(batch, (scenes[i] for i in range(40)), strict=True):
        slot[:, : image.shape[1], : image.shape[2]] = image
    features = given(model.backbone, batch).mean((2, 3))
    shows(detection.run.film("val"), ids=range(40), layer="model.box_head:input", vectors=features)


def test_a_unet_shows_what_goes_into_its_last_layer(train: Train) -> None:
    unet = train("lightning/unet.py")
    images, model = unet["Carvana"](80, 120).images.unsqueeze(1), unet["model"]
    kept: list[Any] = []
    handle = model.outc.register_forward_pre_hook(lambda _, args: kept.append(args[0]))
    given(model, images)
    handle.remove()
    shows(unet.run.film("val"), ids=range(40), layer="outc:input", vectors=kept[0].mean((2, 3)))


def test_graphs_are_samples(train: Train) -> None:
    graphs = train("lightning/graphs.py")
    test = graphs["dataset"][80:]
    whole = graphs["collate"](test)
    scores = given(graphs["model"], whole)
    shows(
        graphs.run.film("val", "head.1"), ids=range(40), layer="head.1", labels=whole.y, vectors=scores,
        predictions=scores.argmax(1),
    )  # fmt: skip
    assert graphs.run.film("val").layer == "head.1:input"


def test_sorted_and_packed_sequences_are_numbered_where_ids_are_not_sure(train: Train) -> None:
    packed = train("lightning/packed_sequences.py")
    model, dataset = packed["model"], packed["val_dataset"]
    scores = torch.cat([given(model, words[None], torch.tensor([len(words)])) for words in dataset.sentences])
    film = packed.run.film("val", "linear")
    at = nearest(film, scores)  # short sentences may be alike
    shows(
        film, ids=range(60), layer="linear", labels=dataset.labels[at], vectors=scores[at],
        predictions=scores[at].argmax(1), identity="order",
    )  # fmt: skip
    says(packed, "ids=", "forward=")
    # what is kept of the shuffled training samples is sure
    film = packed.run.film("train")
    assert film.identity == "index"
    np.testing.assert_array_equal(film.labels, packed["train_dataset"].labels[film.ids])


def test_several_tasks_are_columns_until_one_says_which_is_the_label(train: Train) -> None:
    tasks = train("lightning/multi_task.py")
    dataset, model = tasks["val_dataset"], tasks["model"]
    film = tasks.run.film("val")
    shows(film, ids=range(100), layer=film.layer, vectors=given(model.backbone, dataset.images))
    assert film.layer in ("digit_head:input", "ink_head:input")
    says(tasks, "labels=")
    columns = tasks.run.columns("val")
    np.testing.assert_array_equal(columns['batch[1]["digit"]'], dataset.digits)
    np.testing.assert_allclose(columns['batch[1]["ink"]'], dataset.images.mean(1), rtol=1e-6)


def test_a_table_in_a_dict(train: Train) -> None:
    table = train("lightning/tabular.py")
    dataset, model = table["val_dataset"], table["model"]
    scores = given(model, {"categorical": dataset.categorical, "continuous": dataset.continuous})["logits"]
    shows(
        table.run.film("val", "head"), ids=range(58), layer="head", labels=dataset.target, vectors=scores,
        predictions=scores.argmax(1),
    )  # fmt: skip
    assert table.run.film("val").layer == "head:input"


def test_deep_q_learning_says_that_its_stream_has_no_ids(train: Train) -> None:
    dqn = train("lightning/dqn.py")
    film = dqn.run.film("train")
    assert (film.layer, film.identity, film.vectors[-1].shape) == ("net.2:input", "order", (60, 16))
    assert not film.predictions
    receipt = " ".join(dqn.printed.split())
    assert "ids train: unknown: samples are numbered in the order they came; ids= gives them keys" in receipt


def test_episodes_of_a_batch_sampler_keep_the_datasets_ids(train: Train) -> None:
    episodes = train("lightning/prototypical.py")
    x, y = episodes["val_set"].tensors
    film = episodes.run.film("val", "model.2")
    assert film.identity == "index"
    np.testing.assert_array_equal(film.labels, y[film.ids])
    there = ~np.isnan(film.vectors[-1]).any(1)
    assert there.sum() > 40
    wanted = given(episodes["model"].model, x[film.ids])
    np.testing.assert_allclose(film.vectors[-1][there], wanted[there], rtol=2e-3, atol=2e-3)
    assert not film.predictions


def test_each_fold_is_a_run_of_its_own_name(train: Train) -> None:
    folds = train("lightning/cross_validation.py")
    x, y = folds["dataset"].tensors
    assert len({run.opened.name for run in folds.runs}) == 3
    for run, model, rows in zip(folds.runs, folds["models"], folds["folds"], strict=True):
        shows(
            run.film("val"), ids=rows, layer="net.2:input", labels=y[rows],
            vectors=given(model.net[:2], x[rows]), predictions=(given(model, x[rows]) > 0).int(),
        )  # fmt: skip


def test_two_stages_of_a_model(train: Train) -> None:
    stages = train("lightning/finetune.py")
    x, y, model = stages["x"][200:300], stages["y"][200:300], stages["model"]
    last = stages.runs[-1]
    if len(stages.runs) == 2:
        assert len({run.opened.name for run in stages.runs}) == 2
    film = last.film("val")
    shows(
        film, ids=range(100), layer="classifier:input", labels=y, vectors=given(model.feature_extractor, x),
        predictions=given(model, x).argmax(1), epochs=film.epochs,
    )  # fmt: skip
    assert sum(len(run.film("val").moments) for run in stages.runs) == 4


def test_a_resumed_training_is_one_film(train: Train) -> None:
    resumed = train("lightning/resume.py")
    x, y, model = resumed["x"][200:300], resumed["y"][200:300], resumed["model"]
    assert resumed.run.id == "digits-resumed"
    shows(
        resumed.run.film("val"), ids=range(100), layer="fc:input", labels=y, vectors=given(model.body, x),
        predictions=given(model, x).argmax(1), epochs=range(4),
    )  # fmt: skip


def test_early_stopping_has_its_last_epoch_in_the_film(train: Train) -> None:
    stopped = train("lightning/early_stopping.py")
    x, y = stopped["x"][100:], stopped["y"][100:]
    epochs = stopped["trainer"].current_epoch
    assert 3 <= epochs < 40
    film = stopped.run.film("val")
    shows(
        film, ids=range(60), layer="layers.2:input", labels=y, epochs=range(epochs),
        vectors=given(stopped["model"].layers[:2], x),
    )  # fmt: skip
    assert stopped.run.task == "regression"


def test_a_job_with_a_folder_of_its_own(train: Train) -> None:
    job = train("lightning/hydra_like.py")
    digits, net = job["load_digits"](), job["model"].net
    x = torch.tensor(digits.data[200:300] / 16, dtype=torch.float32)
    shows(
        job.run.film("val"), ids=range(100), layer="net.2:input", labels=digits.target[200:300],
        vectors=given(net[:2], x), predictions=given(net, x).argmax(1),
    )  # fmt: skip
    assert job.run.opened.name == "hydra-job"
    assert "baseline" in job.run.opened.tags


def test_sentences_in_a_dict(train: Train) -> None:
    sentences = train("lightning/captions.py")
    dataset, model = sentences["val_dataset"], sentences["model"]
    scores = given(model, dataset.texts)
    film = sentences.run.film("val", "fc")
    shows(
        film, ids=range(42), layer="fc", labels=dataset.labels, vectors=scores, predictions=scores.argmax(1)
    )
    assert list(film.class_names) == ["cat", "dog"]
