"""Text classification from scratch: strings go in, the model makes tokens of them."""

import keras
import tensorflow as tf

import chroma

chroma.autolog()
keras.utils.set_random_seed(3)
good, bad = ["a great film", "good fun", "i liked it"], ["an awful film", "bad and dull", "i hated it"]
texts = [f"{(good if i % 2 else bad)[i % 3]} number {i}" for i in range(120)]
labels = [i % 2 for i in range(120)]
train_ds = tf.data.Dataset.from_tensor_slices((texts[:80], labels[:80])).batch(20)
val_ds = tf.data.Dataset.from_tensor_slices((texts[80:], labels[80:])).batch(20)

vectorize = keras.layers.TextVectorization(max_tokens=100, output_sequence_length=8)
vectorize.adapt(train_ds.map(lambda text, label: text))
model = keras.Sequential(
    [
        vectorize,
        keras.layers.Embedding(100, 12),
        keras.layers.GlobalAveragePooling1D(),
        keras.layers.Dense(10, activation="relu", name="features"),
        keras.layers.Dense(1, activation="sigmoid", name="predictions"),
    ]
)
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
model.fit(train_ds, validation_data=val_ds, epochs=2, verbose=0)
