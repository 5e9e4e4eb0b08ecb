"""The same digits, with no callback anywhere: `chroma.autolog()` at the top of the script is all it takes.

KERAS_BACKEND=torch python examples/autolog_keras.py     # or tensorflow, or jax
chroma ui
"""

import argparse

import keras
import numpy as np
from sklearn.datasets import load_digits

import chroma

chroma.autolog(project="digits")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=10)
    epochs = parser.parse_args().epochs

    keras.utils.set_random_seed(7)
    digits = load_digits()
    order = np.random.default_rng(7).permutation(len(digits.target))
    model = keras.Sequential([keras.layers.Dense(48, activation="relu"), keras.layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    model.fit(digits.data[order] / 16, digits.target[order], validation_split=0.5, epochs=epochs, verbose=2)


if __name__ == "__main__":
    main()
