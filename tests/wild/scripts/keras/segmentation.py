"""Image segmentation with a U-Net-like network; both sets are PyDatasets."""

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

import chroma

chroma.autolog()
keras.utils.set_random_seed(7)


class Pets(keras.utils.PyDataset):
    def __init__(self, start, stop, batch_size):
        super().__init__()
        self.images = (load_digits().images[start:stop] / 16).astype("float32")
        self.batch_size = batch_size

    def __len__(self):
        return len(self.images) // self.batch_size

    def __getitem__(self, idx):
        images = self.images[idx * self.batch_size : (idx + 1) * self.batch_size]
        return images[..., None], np.digitize(images, [0.2, 0.7])[..., None]


inputs = keras.Input((8, 8, 1))
x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(inputs)
x = layers.Conv2DTranspose(6, 3, strides=2, padding="same", activation="relu")(x)
x = layers.Concatenate()([x, inputs])
model = keras.Model(inputs, layers.Conv2D(3, 3, activation="softmax", padding="same", name="classes")(x))
model.compile("rmsprop", "sparse_categorical_crossentropy")
model.fit(Pets(0, 100, 25), validation_data=Pets(100, 150, 25), epochs=2, verbose=0)
