"""Every family of `keras.applications`: what is captured of it, checked against what Keras itself says.

KERAS_BACKEND=torch python -m tests.integrations.applications    writes the table into docs/architectures.md
KERAS_BACKEND=torch python -m tests.integrations.applications MobileNetV2    checks some and prints them
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from chroma.integrations.keras import ChromaCallback
from chroma.journal import entries
from chroma.records import Outputs, Snapshot
from chroma.segment import read

PAGE = Path(__file__).parents[2] / "docs" / "architectures.md"
BEGIN, END = (
    "<!-- keras.applications: python -m tests.integrations.applications -->\n",
    "<!-- end of keras.applications -->\n",
)
# the smallest of each family, and the smallest images that it takes
FAMILIES = {
    "ConvNeXtTiny": 32,
    "DenseNet121": 32,
    "EfficientNetB0": 32,
    "EfficientNetV2B0": 32,
    "InceptionResNetV2": 75,
    "InceptionV3": 75,
    "MobileNet": 32,
    "MobileNetV2": 32,
    "MobileNetV3Small": 32,
    "NASNetMobile": 32,
    "ResNet50": 32,
    "ResNet50V2": 32,
    "VGG16": 32,
    "Xception": 71,
}
_CLASSES, _BATCH = 5, 4


@dataclass(frozen=True)
class Found:
    """What came of one family.

    Attributes:
        layers: What was captured, by the rule.
        widths: Values per sample of each.
        identical: Whether weights and metrics are those of a training without capture.
        equal: Whether the captured rows are what a model cut at the layer gives.
        predictions: Whether predictions were stored, and are Keras's own.
    """

    layers: list[str]
    widths: list[int]
    identical: bool
    equal: bool
    predictions: bool


def check(name: str, size: int) -> Found:
    """Train a family for two steps with and without capture."""
    random = np.random.default_rng(1)
    images = random.random((3 * _BATCH, size, size, 3), dtype=np.float32)
    labels = random.permutation(np.resize(np.arange(_CLASSES), 3 * _BATCH))
    train, val = slice(2 * _BATCH), slice(2 * _BATCH, None)

    def trained(*callbacks: Any) -> tuple[Any, list[Any]]:
        keras.utils.set_random_seed(1)
        model = getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3), classes=_CLASSES)
        model.compile(keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy")
        history = model.fit(
            images[train],
            labels[train],
            validation_data=(images[val], labels[val]),
            batch_size=_BATCH,
            verbose=0,
            callbacks=list(callbacks),
        ).history
        return model, [*model.get_weights(), *(np.array(values) for values in history.values())]

    plain = trained()[1]
    with tempfile.TemporaryDirectory() as home:
        os.environ["CHROMA_HOME"] = home
        model, ours = trained(ChromaCallback(silent=True, project="applications", dtype="float32"))
        records = [read(entry.path).record for entry in entries(Path(home) / "journal")]
    snapshots = [record for record in records if isinstance(record, Snapshot)]
    outputs = [record for record in records if isinstance(record, Outputs)]
    whole = model.predict(images[val], verbose=0)
    return Found(
        [snapshot.layer for snapshot in snapshots],
        [snapshot.vectors.shape[1] for snapshot in snapshots],
        all(np.array_equal(left, right) for left, right in zip(plain, ours, strict=True)),
        bool(snapshots) and all(_is_what_keras_gives(each, model, images[val]) for each in snapshots),
        bool(outputs) and bool((outputs[-1].prediction == whole.argmax(1)).all()),
    )


def _is_what_keras_gives(snapshot: Snapshot, model: Any, images: Any) -> bool:
    """Whether rows equal those of a model that ends at the layer, averaged over space."""
    name, _, part = snapshot.layer.partition(":")
    layer = model.get_layer(name)
    exact = keras.Model(model.inputs, layer.input if part else layer.output).predict(images, verbose=0)
    exact = exact.reshape(len(images), -1, exact.shape[-1]).mean(1)
    return np.allclose(snapshot.vectors, exact, rtol=1e-3, atol=1e-4)


def row(name: str, found: Found | str) -> str:
    """One line of the table; a string is the reason why nothing was found."""
    if isinstance(found, str):
        return f"| {name} | – | {found} | | |"
    layers = ", ".join(
        f"`{layer}` ({width})" for layer, width in zip(found.layers, found.widths, strict=True)
    )
    signs = ["yes" if each else "**no**" for each in (found.equal, found.predictions, found.identical)]
    return f"| {name} | {layers} | {' | '.join(signs)} |"


def table(names: list[str]) -> str:
    """The table of some families."""
    lines = [
        "| family | captured (values per sample) | rows equal | predictions equal | training identical |",
        "|---|---|---|---|---|",
    ]
    for name in names:
        try:
            found: Found | str = check(name, FAMILIES[name])
        except Exception as error:  # noqa: BLE001 - the reason stands in the table
            found = f"{type(error).__name__}: {error}".splitlines()[0][:120]
        lines.append(row(name, found))
        logging.getLogger(__name__).warning(lines[-1])
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    asked = sys.argv[1:]
    made = table(asked or list(FAMILIES))
    if not asked:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{made}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
