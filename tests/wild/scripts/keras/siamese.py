"""Siamese network with a contrastive loss: two inputs, one tower, a distance."""

import keras
import numpy as np
from keras import ops
from sklearn.datasets import load_digits

import chroma

chroma.autolog()
keras.utils.set_random_seed(6)
digits = load_digits()
x = (digits.data / 16).astype("float32")


def make_pairs(start, stop):
    one = np.arange(start, stop)
    two = start + (np.arange(stop - start) * 7) % (stop - start)
    return (x[one], x[two]), (digits.target[one] != digits.target[two]).astype("float32")


pairs_train, labels_train = make_pairs(0, 160)
pairs_val, labels_val = make_pairs(160, 240)

tower_input = keras.Input((64,))
tower_output = keras.layers.Dense(8)(keras.layers.Dense(24, activation="tanh")(tower_input))
embedding_network = keras.Model(tower_input, tower_output, name="tower")

input_1, input_2 = keras.Input((64,)), keras.Input((64,))
tower_1, tower_2 = embedding_network(input_1), embedding_network(input_2)
distance = keras.layers.Lambda(
    lambda v: ops.sqrt(ops.maximum(ops.sum(ops.square(v[0] - v[1]), 1, keepdims=True), 1e-7)),
    output_shape=(1,),
)([tower_1, tower_2])
normal = keras.layers.BatchNormalization()(distance)
model = keras.Model([input_1, input_2], keras.layers.Dense(1, activation="sigmoid", name="differ")(normal))


def contrastive_loss(y_true, y_pred, margin=1.0):
    return ops.mean((1 - y_true) * ops.square(y_pred) + y_true * ops.square(ops.maximum(margin - y_pred, 0)))


model.compile(loss=contrastive_loss, optimizer="RMSprop", metrics=["accuracy"])
model.fit(
    pairs_train, labels_train, validation_data=(pairs_val, labels_val), batch_size=16, epochs=2, verbose=0
)
