"""Both tf.data.Datasets are shuffled, as `image_dataset_from_directory` makes them."""

import keras
import tensorflow as tf
from sklearn.datasets import load_digits

import chroma

chroma.autolog()
keras.utils.set_random_seed(2)
digits = load_digits()
images, labels = (digits.images[..., None] * 15.9).astype("float32"), digits.target


def dataset_of(start, stop):
    dataset = tf.data.Dataset.from_tensor_slices((images[start:stop], labels[start:stop]))
    return dataset.shuffle(64, seed=7).batch(32).prefetch(tf.data.AUTOTUNE)


train_ds, val_ds = dataset_of(0, 160), dataset_of(160, 240)
model = keras.Sequential(
    [
        keras.layers.Rescaling(1.0 / 255),
        keras.layers.Conv2D(8, 3, activation="relu"),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(10),
    ]
)
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
model.fit(train_ds, validation_data=val_ds, epochs=2, verbose=0)
