"""Train a small Keras model on scikit-learn's 1,797 handwritten digits and watch its features take shape.

KERAS_BACKEND=torch python examples/keras_digits.py     # or tensorflow, or jax
chroma ui

The one line that matters is `callbacks=[ChromaCallback()]`.
"""

import argparse

import keras
import numpy as np
from sklearn.datasets import load_digits

from chroma.integrations.keras import ChromaCallback


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=10)
    epochs = parser.parse_args().epochs

    keras.utils.set_random_seed(7)
    digits = load_digits()
    images, labels = digits.images[..., np.newaxis].astype("float32") / 16, digits.target
    train, val = np.arange(0, 1797, 2), np.arange(1, 1797, 2)

    model = keras.Sequential(
        [
            keras.layers.Conv2D(16, 3, padding="same", activation="relu"),
            keras.layers.Conv2D(32, 3, strides=2, padding="same", activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(64, activation="relu", name="features"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(10, activation="softmax", name="head"),
        ]
    )
    model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(
        images[train],
        labels[train],
        batch_size=64,
        epochs=epochs,
        validation_data=(images[val], labels[val]),
        verbose=2,
        callbacks=[ChromaCallback(project="digits")],
    )


if __name__ == "__main__":
    main()
