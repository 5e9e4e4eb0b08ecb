"""Plain PyTorch, with Fabric and accelerate: `chroma.watch`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from tests.wild.films import shows
from tests.wild.running import Trained

Train = Callable[..., Trained]
pytestmark = pytest.mark.lightning  # and with it PyTorch


@torch.no_grad()
def given(model: Any, *inputs: Any) -> Any:
    """What a model gives in evaluation mode."""
    return model.eval()(*inputs)


def test_a_vae_shows_its_latent_mean(train: Train) -> None:
    vae = train("pytorch/vae.py")
    images, labels, model = vae["images"][256:356], vae["labels"][256:356], vae["model"]
    with torch.no_grad():
        mean, _ = model.eval().encode(images.view(-1, 64))
    shows(vae.run.film("test"), ids=range(100), layer="fc21", labels=labels, vectors=mean)


def test_a_gans_discriminator_shows_real_images_without_predictions(train: Train) -> None:
    gan = train("pytorch/gan.py")
    features = given(gan["netD"][:2], gan["images"]).mean((2, 3))
    shows(
        gan.run.film("real"),
        ids=range(200),
        layer="2:input",
        labels=gan["digits"].target[:200],
        vectors=features,
    )


def test_byol_shows_the_online_network(train: Train) -> None:
    byol = train("pytorch/byol.py")
    model = byol["model"].eval()
    x = byol["x"][192:292]
    features = given(model.predictor[:3], given(model.projector, given(model.encoder, x)))
    shows(
        byol.run.film("val"),
        ids=range(100),
        layer="predictor.3:input",
        labels=byol["y"][192:292],
        vectors=features,
    )


def test_triplets_show_the_embedding_of_each_image(train: Train) -> None:
    triplet = train("pytorch/triplet.py")
    x = torch.from_numpy(triplet["data"][160:260])
    film = triplet.run.film("test", "fc.2")
    shows(
        film,
        ids=range(100),
        layer="fc.2",
        labels=triplet["target"][160:260],
        vectors=given(triplet["model"], x),
    )
    features = given(triplet["model"].fc[:2], x)
    shows(
        triplet.run.film("test"),
        ids=range(100), layer="fc.2:input", labels=triplet["target"][160:260], vectors=features,
    )  # fmt: skip


def test_segmentation_shows_what_goes_into_the_pixels_classifier(train: Train) -> None:
    segmentation = train("pytorch/segmentation.py")
    rows = sorted(segmentation["val_set"].indices)
    images = segmentation["val_set"].dataset.images[rows].unsqueeze(1)
    features = given(segmentation["model"].backbone, images).mean((2, 3))
    shows(segmentation.run.film("val"), ids=rows, layer="classifier:input", vectors=features)
    assert segmentation.run.film("val").pooling == "mean over space"


def test_graphs_are_samples(train: Train) -> None:
    graphs = train("pytorch/graphs.py")
    test = graphs["dataset"][80:]
    whole = graphs["Data"].from_data_list(test)
    scores = given(graphs["model"], whole.x, whole.edge_index, whole.batch)
    shows(
        graphs.run.film("test"),
        ids=range(40),
        layer="lin:input",
        labels=[int(graph.y) for graph in test],
        predictions=scores.argmax(1),
    )
    shows(
        graphs.run.film("test", "lin"), ids=range(40), layer="lin", labels=[int(graph.y) for graph in test],
        vectors=scores, predictions=scores.argmax(1),
    )  # fmt: skip


def test_sorted_and_packed_sequences_keep_their_ids(train: Train) -> None:
    packed = train("pytorch/packed_sequences.py")
    model, dataset = packed["model"], packed["val_dataset"]
    scores = torch.cat([given(model, walk[None], torch.tensor([len(walk)])) for walk in dataset.walks])
    film = packed.run.film("val", "fc")
    by_id(packed, film, dataset.labels, scores)


def by_id(trained: Trained, film: Any, labels: Any, scores: Any) -> None:
    """Assert that rows are those of their ids; or that ids are unknown, which is said."""
    if film.identity == "index":
        shows(
            film, ids=range(len(labels)), layer=film.layer, labels=labels, vectors=scores,
            predictions=scores.argmax(1),
        )  # fmt: skip
    else:
        assert film.identity == "order"
        assert any("ids=" in each for each in trained.run.said)
        # each row is some sample's, and label and prediction are of the same
        at = torch.cdist(torch.tensor(film.vectors[-1], dtype=torch.float32), scores).argmin(1)
        assert sorted(at.tolist()) == list(range(len(labels)))
        shows(
            film, ids=film.ids, layer=film.layer, labels=labels[at], vectors=scores[at],
            predictions=scores[at].argmax(1), identity="order",
        )  # fmt: skip


def test_a_language_model_shows_what_goes_into_its_vocabulary(train: Train) -> None:
    gpt = train("pytorch/language_model.py")
    model, dataset = gpt["model"].eval(), gpt["val_loader"].dataset
    x = torch.stack([dataset[i][0] for i in range(len(dataset))])
    kept: list[Any] = []
    handle = model.head.register_forward_pre_hook(lambda _, args: kept.append(args[0]))
    given(model, x)
    handle.remove()
    film = gpt.run.film("val")
    shows(film, ids=range(len(dataset)), layer="head:input", vectors=kept[0].mean(1))
    assert (film.pooling, gpt.run.task) == ("mean over tokens", "sequence")


def test_reinforcement_shows_the_states_one_gives(train: Train) -> None:
    reinforce = train("pytorch/reinforce.py")
    policy, states = reinforce["policy"], reinforce["states"]
    film = reinforce.run.film("states")
    shows(
        film, ids=range(len(states)), layer="2:input", vectors=given(policy[:2], states),
        identity="order", epochs=[None, None],
    )  # fmt: skip
    assert [step for _, step in film.moments] == [2, 5]


def test_maml_shows_the_classes_that_no_task_has_shown(train: Train) -> None:
    maml = train("pytorch/maml.py")
    x, y, unseen, model = maml["x"], maml["y"], maml["unseen"], maml["model"]
    shows(
        maml.run.film("unseen"), ids=range(len(unseen)), layer="2:input", labels=y[unseen] - 7,
        vectors=given(model[:2], x[unseen]), predictions=given(model, x[unseen]).argmax(1), epochs=[None] * 4,
    )  # fmt: skip


def test_forecasting_shows_windows_and_predicts_no_class(train: Train) -> None:
    forecasting = train("pytorch/forecasting.py")
    model, (windows, _) = forecasting["model"], forecasting["test_dataset"].tensors
    with torch.no_grad():
        features = model.eval().lstm(windows)[0][:, -1]
    shows(forecasting.run.film("test"), ids=range(len(windows)), layer="linear:input", vectors=features)
    assert forecasting.run.task in ("regression", None)


def test_each_fold_is_a_run_with_the_ids_of_the_whole_dataset(train: Train) -> None:
    folds = train("pytorch/cross_validation.py")
    assert [run.opened.name for run in folds.runs] == ["fold-0", "fold-1", "fold-2"]
    x, y = folds["dataset"].tensors
    for run, model, rows in zip(folds.runs, folds["models"], folds["test_folds"], strict=True):
        shows(
            run.film("val"), ids=rows, layer="2:input", labels=y[rows], vectors=given(model[:2], x[rows]),
            predictions=given(model, x[rows]).argmax(1),
        )  # fmt: skip


def test_a_loader_of_timms_is_looked_through(train: Train) -> None:
    timm = train("pytorch/timm_like.py")
    dataset, model = timm["loader_eval"].dataset, timm["model"]
    images = (torch.tensor(dataset.images[:, None]).float() - 0.3 * 255) / (0.35 * 255)
    features = model.eval().forward_features(images).mean((2, 3)).detach()
    shows(
        timm.run.film("val"), ids=range(100), layer="fc:input", labels=dataset.targets, vectors=features,
        predictions=given(model, images).argmax(1),
    )  # fmt: skip


def test_distillation_shows_the_student(train: Train) -> None:
    distillation = train("pytorch/distillation.py")
    x, y, student = distillation["x"], distillation["y"], distillation["student"]
    for split, rows in (("train", slice(0, 200)), ("test", slice(200, 320))):
        shows(
            distillation.run.film(split), ids=range(len(y[rows])), layer="2:input", labels=y[rows],
            vectors=given(student[:2], x[rows]), predictions=given(student, x[rows]).argmax(1),
        )  # fmt: skip


def test_clip_shows_images_and_captions(train: Train) -> None:
    clip = train("pytorch/clip.py")
    model, dataset = clip["model"].eval(), clip["val_loader"].dataset
    images = torch.stack([dataset[i]["image"] for i in range(80)])
    tokens = torch.stack([dataset[i]["input_ids"] for i in range(80)])
    with torch.no_grad():
        captions = model.text_projection(model.token_embedding(tokens).mean(1))
    for layer, vectors in (
        ("image_encoder", given(model.image_encoder, images)),
        ("text_projection", captions),
    ):
        film = clip.run.film("val", layer)
        shows(film, ids=range(80), layer=layer, labels=dataset.captions, vectors=vectors)


@pytest.mark.parametrize("script", ["pytorch/fabric.py", "pytorch/accelerate_loop.py"])
def test_prepared_loaders_and_models_keep_ids_and_names(train: Train, script: str) -> None:
    prepared = train(script)
    x, y, model = prepared["x"], prepared["y"], prepared["model"]
    net = getattr(model, "module", model)
    for split, rows in (("train", slice(0, 200)), ("val", slice(200, 300))):
        shows(
            prepared.run.film(split), ids=range(len(y[rows])), layer="2:input", labels=y[rows],
            vectors=given(net[:2], x[rows]), predictions=given(net, x[rows]).argmax(1),
        )  # fmt: skip


def test_samples_without_labels_have_neither_labels_nor_predictions(train: Train) -> None:
    pseudo = train("pytorch/pseudo_labels.py")
    x = pseudo["x"][60:180]
    shows(
        pseudo.run.film("unlabelled"), ids=range(120), layer="2:input", vectors=given(pseudo["model"][:2], x)
    )
