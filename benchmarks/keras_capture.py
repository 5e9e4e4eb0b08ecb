"""What capture costs a Keras training: CPU seconds of whole fits on each backend, side by side with peers.

    python benchmarks/keras_capture.py                       # scikit-learn's digits
    python benchmarks/keras_capture.py --data mnist.npz      # images and labels

A small CNN with 512 features follows its validation samples. Peers take them with `predict` at the end of
each epoch. Variants run in turns, in one process for a backend, with one maths thread on one core (threads
that spin for work, as JAX's do, would count else); shown are medians, and the spread of the fit without
capture as the noise. The first fit of each variant is not counted: it loads packages.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from peers import Keep, empty, images, keepers, show

BACKENDS = ("tensorflow", "torch", "jax")
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


def model(side: int) -> Any:
    import keras

    keras.utils.set_random_seed(1)
    layers = keras.layers
    made = keras.Sequential(
        [
            layers.Input((side, side, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(512, activation="relu", name="features"),
            layers.Dense(10, activation="softmax", name="head"),
        ]
    )
    made.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return made


def predicting(keep: Keep, x: Any) -> Any:
    """A callback that hands the features of `x` to `keep` at the end of each epoch."""
    import keras

    class Predicting(keras.callbacks.Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            self.features = keras.Model(self.model.inputs, self.model.get_layer("features").output)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            keep(self.features.predict(x, batch_size=128, verbose=0), epoch)

    return Predicting()


def variants(folder: Path, x: Any) -> dict[str, Callable[[], list[Any]]]:
    """Callbacks of each variant, by its name."""
    from chroma.integrations.keras import ChromaCallback

    def ours(**options: Any) -> list[Any]:
        return [ChromaCallback(silent=True, project="bench", **options)]

    found: dict[str, Callable[[], list[Any]]] = {
        "none": list,
        "Chroma": lambda: ours(log_inputs=False),
        "Chroma, with thumbnails": ours,
        "Chroma, a pass of its own": lambda: ours(log_inputs=False, splits={"val": "probe"}),
    }
    for name, make in keepers(folder).items():
        found[f"predict + {name}"] = lambda make=make: [predicting(make(), x)]
    return found


def fit(callbacks: list[Any], train: Any, val: Any, asked: argparse.Namespace) -> float:
    """CPU seconds of one fit, all threads."""
    made = model(train[0].shape[1])
    start = time.process_time()
    made.fit(
        *train,
        batch_size=128,
        epochs=asked.epochs,
        validation_data=val,
        validation_batch_size=128,
        verbose=0,
        callbacks=callbacks,
    )
    return time.process_time() - start


def measure(asked: argparse.Namespace, folder: Path) -> None:
    import keras

    if keras.backend.backend() == "torch":
        import torch

        torch.set_num_threads(1)
    x, y = images(asked.data, asked.train + asked.val)
    x = x[..., None]
    train, val = (x[: asked.train], y[: asked.train]), (x[asked.train :], y[asked.train :])
    made = variants(folder, val[0])
    if asked.only is not None:
        made = {name: make for name, make in made.items() if name in ("none", *asked.only)}
    seconds: dict[str, list[float]] = {name: [] for name in made}
    disk: dict[str, float] = {}
    for repetition in range(asked.repeat + 1):
        for name, callbacks in made.items():
            empty(folder)
            taken = fit(callbacks(), train, val, asked)
            if repetition:
                seconds[name].append(taken)
            disk[name] = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    title = f"{keras.backend.backend()}, {asked.train:,} + {asked.val:,} samples, {asked.epochs} epochs"
    show(title, seconds, disk)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="an .npz of images and labels; scikit-learn's digits by default")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--train", type=int, default=8000)
    parser.add_argument("--val", type=int, default=2000)
    parser.add_argument("--backends", nargs="+", default=list(BACKENDS), choices=BACKENDS)
    parser.add_argument("--only", nargs="+", help="variants to run beside none; all by default")
    asked = parser.parse_args()
    if os.environ.get("KERAS_BACKEND") not in asked.backends or len(asked.backends) > 1:
        for backend in asked.backends:  # a process each: Keras has one backend
            one = [*sys.argv, "--backends", backend]
            environment = {**os.environ, **ONE_THREAD, "KERAS_BACKEND": backend}
            subprocess.run([sys.executable, *one], env=environment, check=True)
        return
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    warnings.filterwarnings("ignore")
    folder = Path(tempfile.mkdtemp(prefix="chroma-bench-"))
    os.environ["CHROMA_HOME"] = str(folder)
    try:
        measure(asked, folder)
    finally:
        empty(folder)
        folder.rmdir()


if __name__ == "__main__":
    main()
