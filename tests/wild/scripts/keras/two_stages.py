"""Transfer learning: first the new head, then everything with a low learning rate, epochs counted on."""

import keras
from sklearn.datasets import load_digits

import chroma

chroma.autolog(name="transfer")
keras.utils.set_random_seed(4)
digits = load_digits()
x, y = (digits.data / 16).astype("float32"), digits.target
train, val = (x[:200], y[:200]), (x[200:300], y[200:300])

base = keras.Sequential([keras.Input((64,)), keras.layers.Dense(32, "relu"), keras.layers.Dense(20, "relu")])
base.trainable = False
inputs = keras.Input((64,))
outputs = keras.layers.Dense(10, "softmax")(keras.layers.Dropout(0.2)(base(inputs, training=False)))
model = keras.Model(inputs, outputs)
model.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(*train, epochs=2, validation_data=val, verbose=0)

base.trainable = True
model.compile(keras.optimizers.Adam(1e-4), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(*train, epochs=4, initial_epoch=history.epoch[-1] + 1, validation_data=val, verbose=0)
