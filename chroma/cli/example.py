"""`chroma example`: a small run to look at, trained on scikit-learn's digits within seconds."""

from __future__ import annotations

import io
import os
import warnings
from typing import Annotated, Any

import typer

from chroma.cli._options import Home
from chroma.cli._printing import echo
from chroma.errors import MissingDependencyError

_HIDDEN = (48, 24)  # units of the two hidden layers
_WRONG = 0.03  # share of training labels that are made wrong, for the findings to find
_SEED = 0


def example(
    home: Home = None,
    epochs: Annotated[int, typer.Option(help="How many epochs.", min=1, max=200)] = 12,
) -> None:
    """Train a small network on handwritten digits, some of them mislabelled, as a run to look at."""
    if home is not None:
        os.environ["CHROMA_HOME"] = str(home)
    wrong, of = train(epochs)
    echo(f"{wrong} of {of:,} training labels were made wrong: see Findings in the dashboard (chroma ui).")


def train(epochs: int) -> tuple[int, int]:
    """Train and log a run; returns how many training labels are wrong, and of how many."""
    import numpy as np

    import chroma

    try:
        from sklearn.datasets import load_digits
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier
    except ImportError as error:
        raise MissingDependencyError("scikit-learn", "dashboard") from error

    pixels, truth = load_digits(return_X_y=True)
    random = np.random.default_rng(_SEED)
    order = random.permutation(len(pixels))
    rows = {"train": order[: len(order) * 2 // 3], "val": order[len(order) * 2 // 3 :]}
    labels = {split: truth[at].copy() for split, at in rows.items()}
    wrong = random.choice(len(rows["train"]), round(_WRONG * len(rows["train"])), replace=False)
    labels["train"][wrong] = (truth[rows["train"]][wrong] + random.integers(1, 10, len(wrong))) % 10
    chosen: dict[str, Any] = {"batch_size": 32, "learning_rate_init": 0.002}
    model = MLPClassifier(_HIDDEN, random_state=_SEED, **chosen)
    config = {"model": "MLPClassifier", "hidden_layer_sizes": list(_HIDDEN), **chosen, "epochs": epochs}
    with chroma.init("examples", config=config) as run:
        for split, at in rows.items():
            run.log_samples(
                split,
                ids=at,
                labels=labels[split],
                images=[_png(pixels[row]) for row in at],
                class_names=[str(digit) for digit in range(10)],
            )
        for epoch in range(epochs):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                model.partial_fit(pixels[rows["train"]] / 16, labels["train"], classes=np.arange(10))
            figures: dict[str, float] = {"train_loss": float(model.loss_)}
            for split, at in rows.items():
                hidden, logits = _forward(model, pixels[at] / 16)
                figures[f"{split}_acc"] = float(np.mean(logits.argmax(axis=1) == labels[split]))
                run.log_embeddings(
                    hidden.astype(np.float32),
                    layer="hidden",
                    ids=at,
                    split=split,
                    epoch=epoch,
                    labels=labels[split],
                    logits=logits.astype(np.float32),
                )
            run.log_metrics(figures, epoch=epoch)
    return len(wrong), len(rows["train"])


def _forward(model: Any, inputs: Any) -> tuple[Any, Any]:
    """What the last hidden layer gives, and the logits."""
    hidden = inputs
    for weights, bias in zip(model.coefs_[:-1], model.intercepts_[:-1], strict=True):
        hidden = (hidden @ weights + bias).clip(min=0)
    return hidden, hidden @ model.coefs_[-1] + model.intercepts_[-1]


def _png(pixels: Any) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray((pixels.reshape(8, 8) * 15.9375).astype("uint8")).resize((32, 32)).save(buffer, "PNG")
    return buffer.getvalue()
