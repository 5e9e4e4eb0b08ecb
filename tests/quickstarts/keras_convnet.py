"""Keras's code examples: the simple convnet, on scikit-learn's digits."""

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

num_classes = 10
input_shape = (8, 8, 1)

digits = load_digits()
x_train = np.expand_dims(digits.images.astype("float32") / 16, -1)
y_train = keras.utils.to_categorical(digits.target, num_classes)

model = keras.Sequential(
    [
        keras.Input(shape=input_shape),
        layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(num_classes, activation="softmax"),
    ]
)

model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=128, epochs=2, validation_split=0.1)
