"""One `fit` for each epoch, as the sequence-to-sequence examples do, to look at results in between."""

import keras
import numpy as np
from sklearn.datasets import load_iris

import chroma

chroma.autolog(name="by-hand")
keras.utils.set_random_seed(8)
iris = load_iris()
order = np.random.default_rng(1).permutation(150)
x, y = iris.data[order].astype("float32"), keras.utils.to_categorical(iris.target[order])
model = keras.Sequential(
    [keras.Input((4,)), keras.layers.Dense(10, "relu"), keras.layers.Dense(3, "softmax", name="out")]
)
model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
for _ in range(3):
    model.fit(x[:100], y[:100], batch_size=25, epochs=1, validation_data=(x[100:], y[100:]), verbose=0)
