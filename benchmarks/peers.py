"""What other tools do with the vectors of an epoch, and the images that all of them are trained on."""

from __future__ import annotations

import importlib.util
import itertools
import shutil
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.float32]
_NUMBER = itertools.count()
Keep = Callable[[Rows, int], object]  # vectors `[n, d]`, epoch


def keepers(folder: Path) -> dict[str, Callable[[], Keep]]:
    """Makes what keeps the vectors, by the name of the tool; one that is not installed is left out, and said.

    Args:
        folder: Where they may write.
    """

    def numpy() -> Keep:
        return lambda rows, epoch: np.save(folder / f"{epoch}.npy", rows)

    def tensorboard() -> Keep:
        from torch.utils.tensorboard import SummaryWriter

        writer = SummaryWriter(str(folder))
        return lambda rows, epoch: writer.add_embedding(rows, global_step=epoch)

    def wandb() -> Keep:
        import wandb as peer

        run = peer.init(mode="offline", dir=str(folder), reinit=True)

        def keep(rows: Rows, epoch: int) -> None:
            run.log({"rows": peer.Table(columns=["vector"], data=[[row.tolist()] for row in rows])})

        return keep

    def mlflow() -> Keep:
        import mlflow as peer

        peer.end_run()  # where it was begun: the address below is another one
        # a file of its own for each: mlflow remembers what it opened
        peer.set_tracking_uri(f"sqlite:///{folder / f'mlflow-{next(_NUMBER)}.db'}")
        artifacts = (folder / "mlruns").as_uri()
        peer.start_run(experiment_id=peer.create_experiment("vectors", artifact_location=artifacts))
        return lambda rows, epoch: peer.log_table({"vector": [row.tolist() for row in rows]}, f"{epoch}.json")

    found: dict[str, Callable[[], Keep]] = {"np.save": numpy}
    for name, package, make in (
        ("TensorBoard add_embedding", "tensorboard", tensorboard),
        ("wandb Table", "wandb", wandb),
        ("mlflow log_table", "mlflow", mlflow),
    ):
        if importlib.util.find_spec(package):
            found[name] = make
        else:
            print(f"{name} is left out: {package} is not installed")
    return found


def empty(folder: Path) -> None:
    """Remove what was written there; what a peer has open is ended first."""
    if peer := sys.modules.get("mlflow"):
        peer.end_run()
    for stale in folder.iterdir():
        shutil.rmtree(stale) if stale.is_dir() else stale.unlink()


def images(path: str | None, n: int) -> tuple[Rows, npt.NDArray[np.int64]]:
    """`[n, side, side]` images in [0, 1] and their labels, repeated where there are fewer.

    Args:
        path: An .npz of images and labels under any names; scikit-learn's digits by default.
        n: How many.
    """
    if path is None:
        from sklearn.datasets import load_digits

        digits = load_digits()
        x, y = digits.images / 16, digits.target
    else:
        arrays = np.load(path)
        names = list(arrays)
        pictures = [arrays[name] for name in names if arrays[name].ndim >= 2]
        x = np.concatenate([array.reshape(len(array), -1) for array in pictures]).astype(np.float32)
        y = np.concatenate([arrays[name] for name in names if arrays[name].ndim == 1])
        side = int(x.shape[1] ** 0.5)
        x = x.reshape(-1, side, side) / max(float(x.max()), 1.0)
    rows = np.arange(n) % len(x)
    return x[rows].astype(np.float32), y[rows].astype(np.int64)


def show(title: str, seconds: Mapping[str, Sequence[float]], megabytes: Mapping[str, float]) -> None:
    """Print medians beside the first variant, and how far that one varied.

    Args:
        title: What was measured.
        seconds: CPU seconds by variant, a repetition each; the first is the training alone.
        megabytes: What is on the disk afterwards.
    """
    none = next(iter(seconds.values()))
    noise = (max(none) - min(none)) / 2 / statistics.median(none)
    print(f"\n{title}: {len(none)} repetitions, noise of none ±{noise:.0%}")
    print(f"{'':28}{'CPU s':>8}{'ratio':>8}{'MB':>8}")
    for name, taken in seconds.items():
        # each repetition beside its own neighbour: what else the machine does falls on both
        ratio = statistics.median(ours / theirs for ours, theirs in zip(taken, none, strict=True))
        print(f"{name:28}{statistics.median(taken):8.2f}{ratio:8.3f}{megabytes[name]:8.1f}", flush=True)
