"""TensorFlow's quickstart for beginners, on scikit-learn's digits."""

import tensorflow as tf
from sklearn.datasets import load_digits

digits = load_digits()
x, y = digits.images / 16.0, digits.target
x_train, y_train, x_test, y_test = x[:1500], y[:1500], x[1500:], y[1500:]

model = tf.keras.models.Sequential(
    [
        tf.keras.layers.Input((8, 8)),
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(128, activation="relu"),
        tf.keras.layers.Dropout(0.2),
        tf.keras.layers.Dense(10),
    ]
)

loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(optimizer="adam", loss=loss_fn, metrics=["accuracy"])
model.fit(x_train, y_train, epochs=2)
model.evaluate(x_test, y_test, verbose=2)
