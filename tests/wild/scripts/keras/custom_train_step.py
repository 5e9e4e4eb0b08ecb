"""A model with a training step of its own."""

import keras
import tensorflow as tf
from sklearn.datasets import load_digits

import chroma

chroma.autolog()
keras.utils.set_random_seed(1)
digits = load_digits()
x, y = (digits.data / 16).astype("float32"), digits.target


class CustomModel(keras.Model):
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


inputs = keras.Input((64,))
features = keras.layers.Dense(24, activation="relu", name="features")(inputs)
model = CustomModel(inputs, keras.layers.Dense(10, name="logits")(features))
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
model.fit(x[:200], y[:200], batch_size=50, epochs=2, validation_data=(x[200:300], y[200:300]), verbose=0)
