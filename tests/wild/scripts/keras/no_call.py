"""A variational autoencoder that has a `train_step` and no `call`, after the Keras example."""

import keras
import tensorflow as tf
from sklearn.datasets import load_digits

import chroma

chroma.autolog()
keras.utils.set_random_seed(5)
x = (load_digits().images[:160, ..., None] / 16).astype("float32")


class Sampling(keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(1337)

    def call(self, inputs):
        z_mean, z_log_var = inputs
        epsilon = keras.random.normal(tf.shape(z_mean), seed=self.seed_generator)
        return z_mean + tf.exp(0.5 * z_log_var) * epsilon


encoder_inputs = keras.Input((8, 8, 1))
h = keras.layers.Dense(24, activation="relu")(keras.layers.Flatten()(encoder_inputs))
z_mean = keras.layers.Dense(4, name="z_mean")(h)
z_log_var = keras.layers.Dense(4, name="z_log_var")(h)
encoder = keras.Model(encoder_inputs, [z_mean, z_log_var, Sampling()([z_mean, z_log_var])], name="encoder")
latent = keras.Input((4,))
d = keras.layers.Dense(64, activation="sigmoid")(keras.layers.Dense(24, activation="relu")(latent))
decoder = keras.Model(latent, keras.layers.Reshape((8, 8, 1))(d), name="decoder")


class VAE(keras.Model):
    def __init__(self, encoder, decoder, **kwargs):
        super().__init__(**kwargs)
        self.encoder, self.decoder = encoder, decoder
        self.total_loss_tracker = keras.metrics.Mean(name="total_loss")

    @property
    def metrics(self):
        return [self.total_loss_tracker]

    def train_step(self, data):
        with tf.GradientTape() as tape:
            z_mean, z_log_var, z = self.encoder(data)
            reconstruction = self.decoder(z)
            rec = tf.reduce_mean(
                tf.reduce_sum(keras.losses.binary_crossentropy(data, reconstruction), axis=(1, 2))
            )
            kl = -0.5 * (1 + z_log_var - tf.square(z_mean) - tf.exp(z_log_var))
            total = rec + tf.reduce_mean(tf.reduce_sum(kl, axis=1))
        grads = tape.gradient(total, self.trainable_weights)
        self.optimizer.apply_gradients(zip(grads, self.trainable_weights, strict=True))
        self.total_loss_tracker.update_state(total)
        return {"loss": self.total_loss_tracker.result()}


model = VAE(encoder, decoder)
model.compile(optimizer=keras.optimizers.Adam())
model.fit(x, epochs=2, batch_size=40, verbose=0)
