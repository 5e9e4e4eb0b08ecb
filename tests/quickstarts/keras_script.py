"""Keras's own first script, an image classifier, on digits that need no download; one line is Chroma's."""

import chroma

chroma.autolog()

import keras  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402

digits = load_digits()
x_train = digits.images[:1000].astype("float32")[..., None] / 16
y_train = digits.target[:1000]

model = keras.Sequential(
    [
        keras.layers.Input(shape=(8, 8, 1)),
        keras.layers.Conv2D(16, kernel_size=(3, 3), activation="relu"),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dropout(0.5),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
model.compile(
    loss=keras.losses.SparseCategoricalCrossentropy(),
    optimizer=keras.optimizers.Adam(learning_rate=1e-3),
    metrics=[keras.metrics.SparseCategoricalAccuracy(name="acc")],
)
callbacks = [keras.callbacks.EarlyStopping(monitor="val_loss", patience=2)]
model.fit(x_train, y_train, batch_size=128, epochs=2, validation_split=0.15, callbacks=callbacks)
