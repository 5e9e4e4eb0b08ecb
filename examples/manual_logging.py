"""Log embeddings by hand, from any loop: here a scikit-learn network, one snapshot per epoch.

python examples/manual_logging.py
chroma ui
"""

import argparse

import numpy as np
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

import chroma


def hidden_and_logits(model: MLPClassifier, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the hidden layer and the last layer give: `[n, 48]` and `[n, 10]`."""
    hidden = np.maximum(inputs @ model.coefs_[0] + model.intercepts_[0], 0)
    return hidden, hidden @ model.coefs_[1] + model.intercepts_[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=10)
    epochs = parser.parse_args().epochs

    digits = load_digits()
    inputs = digits.data / 16
    train, val = np.arange(0, 1797, 2), np.arange(1, 1797, 2)
    model = MLPClassifier(hidden_layer_sizes=(48,), learning_rate_init=3e-3, random_state=7)

    run = chroma.init(project="digits", config={"hidden": 48, "learning_rate": 3e-3})
    run.log_samples(
        "val",
        ids=val,
        labels=digits.target[val],
        images=digits.images[val],
        class_names=[str(name) for name in digits.target_names],
    )
    for epoch in range(epochs):
        model.partial_fit(inputs[train], digits.target[train], classes=np.arange(10))
        hidden, logits = hidden_and_logits(model, inputs[val])
        run.log_embeddings(
            hidden,
            layer="hidden",
            ids=val,
            split="val",
            epoch=epoch,
            logits=logits,
            labels=digits.target[val],
        )
        run.log_metrics(
            {"train_loss": model.loss_, "val_acc": model.score(inputs[val], digits.target[val])}, epoch=epoch
        )
    print(run.finish())


if __name__ == "__main__":
    main()
