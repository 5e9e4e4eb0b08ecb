"""What capture costs a training: CPU seconds of whole fits, side by side with peers.

    python benchmarks/capture.py                       # scikit-learn's digits
    python benchmarks/capture.py --data mnist.npz      # arrays train_x, train_y, val_x, val_y, or x, y

Variants run in turns, in one process with one maths thread, after one fit of each that is not counted: what
importing takes is not what a fit costs (`benchmarks/calls.py` measures first calls). Shown are medians over
the repetitions; the ratio is that of neighbours, with its quartiles; memory is the rise of the process's peak
over that of the fit without capture. A peer that is not installed is left out, with a sentence.
"""

from __future__ import annotations

import argparse
import gc
import os
import shutil
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import lightning.pytorch as pl
import numpy as np
import torch
from peers import Keep, images, keepers
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from chroma.capture.session import CaptureSession
from chroma.integrations._landing import buffer_for, to_half
from chroma.integrations._loader import ids_of
from chroma.integrations._options import CaptureOptions
from chroma.integrations._watcher import ModelWatcher
from chroma.integrations.lightning import ChromaCallback
from chroma.run import Run

WIDTHS = {"mlp": 512, "cnn": 128}


def load(path: str | None, n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """`[n, 1, side, side]` images in [0, 1] and their labels."""
    x, y = images(path, n)
    return torch.tensor(x).unsqueeze(1), torch.tensor(y)


class Classifier(pl.LightningModule):
    """An MLP with 512 features or a small CNN with 128."""

    def __init__(self, kind: str, side: int) -> None:
        super().__init__()
        if kind == "mlp":
            self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(side * side, 512), nn.ReLU())
            self.head = nn.Linear(512, 10)
        else:
            self.encoder = nn.Sequential(
                nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1),
                nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(512, 128), nn.ReLU(),
            )  # fmt: skip
            self.head = nn.Linear(128, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.encoder(images))

    def training_step(self, batch: Any, _: int) -> torch.Tensor:
        return F.cross_entropy(self(batch[0]), batch[1])

    def validation_step(self, batch: Any, _: int) -> None:
        self.log("val_loss", F.cross_entropy(self(batch[0]), batch[1]))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.05)


class Naive(pl.Callback):
    """A forward hook, and what it collected is handed to `keep` at the end of each validation."""

    def __init__(self, keep: Keep) -> None:
        self.keep = keep

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        self.rows: list[np.ndarray] = []
        self.handle = pl_module.encoder.register_forward_hook(
            lambda module, args, output: self.rows.append(output.detach().numpy().copy())
        )

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        self.handle.remove()
        self.keep(np.concatenate(self.rows), trainer.current_epoch)


def variants(folder: Path) -> dict[str, Callable[[], list[Any]]]:
    """Callbacks of each variant, by its name."""
    found: dict[str, Callable[[], list[Any]]] = {
        "none": list,
        "Chroma": lambda: [ChromaCallback(silent=True, project="bench", log_inputs=False)],
        "Chroma, train probe too": lambda: [
            ChromaCallback(silent=True, project="bench", log_inputs=False, splits=("train", "val"))
        ],
    }
    for name, make in keepers(folder).items():
        found[f"hook + {name}"] = lambda make=make: [Naive(make())]
    return found


@dataclass
class Cost:
    """CPU seconds of a fit, all threads, and how far its memory rose at most, in MB."""

    seconds: float
    memory: float


def fit(kind: str, callbacks: list[Any], train: Any, val: Any, epochs: int) -> Cost:
    """Train once."""
    pl.seed_everything(1, verbose=False)
    model = Classifier(kind, train[0].shape[-1])
    trainer = pl.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        callbacks=callbacks,
    )
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak counts from here
    before = memory("VmRSS")
    start = time.process_time()
    trainer.fit(
        model,
        DataLoader(TensorDataset(*train), batch_size=128, shuffle=True),
        DataLoader(TensorDataset(*val), batch_size=256),
    )
    seconds = time.process_time() - start
    return Cost(seconds, memory("VmHWM") - before)


def memory(what: str) -> float:
    """VmRSS (now) or VmHWM (the peak) of this process, in MB; Linux only."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split(f"{what}:")[1].split()[0]) * 1024 / 1e6


def copy_cost() -> float:
    """Microseconds that copying 256 x 512 float32 to the next place of a large array takes."""
    rows, kept = np.ones((256, 512), np.float32), np.ones((8192, 512), np.float32)
    taken: list[float] = []
    for number in range(320):
        place = slice(number % 32 * 256, (number % 32 + 1) * 256)
        start = time.thread_time()
        kept[place] = rows
        taken.append(time.thread_time() - start)
    return min(taken[32:]) * 1e6


def batch_cost() -> float:
    """Microseconds of the training's thread for a batch of 256 x 512: least of 9 passes of 32 batches.

    What capture does around the forward pass and in its hooks: ids, the probe set, one layer of 512 and the
    logits. The same forward passes without it are subtracted.
    """
    recording = Run(project="bench").recording
    recording.to_half = to_half
    model = nn.Sequential(nn.Linear(64, 512), nn.ReLU(), nn.Linear(512, 10)).eval()
    session = CaptureSession(recording, max_samples=None, log_inputs=False, make_buffer=buffer_for)
    watcher = ModelWatcher(model, session, CaptureOptions().reader(), "auto", lambda *_: None)
    batch = (torch.randn(256, 64), torch.randint(0, 10, (256,)))
    emitted = [tuple(range(256 * number, 256 * (number + 1))) for number in range(32)]

    def forward(captured: bool) -> float:
        taken: list[float] = []
        with torch.no_grad():
            for indices in emitted:
                start = time.thread_time()
                if captured:
                    watcher.begin_batch(batch, ids_of(indices, None))
                model(batch[0])
                if captured:
                    watcher.end_batch()
                taken.append(time.thread_time() - start)
        return min(taken)

    plain: list[float] = []
    ours: list[float] = []
    for number in range(10):
        plain.append(forward(captured=False))
        watcher.begin_pass("val", number, number, identity="index", of=8192)
        ours.append(forward(captured=True))
        watcher.end_pass()
        recording.flush(60)  # the writer's thread does not fight for the cache meanwhile
    recording.close("finished")
    return (min(ours[1:]) - min(plain[1:])) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="an .npz of images and labels; scikit-learn's digits by default")
    parser.add_argument("--repeat", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--train", type=int, default=8000)
    parser.add_argument("--val", type=int, nargs="+", default=[2000, 8000])
    parser.add_argument("--models", nargs="+", default=["mlp", "cnn"], choices=["mlp", "cnn"])
    parser.add_argument("--only", nargs="+", default=[], help="names of variants, 'none' among them")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    folder = Path(tempfile.mkdtemp(prefix="chroma-bench-"))
    os.environ["CHROMA_HOME"] = str(folder)
    try:
        print(f"a batch of 256 x 512 costs the training's thread {batch_cost():.0f} µs", end="; ")
        print(f"its bare copy, in the same run, {copy_cost():.0f} µs")
        for kind in asked.models:
            for n in asked.val:
                images, labels = load(asked.data, asked.train + n)
                train = (images[: asked.train], labels[: asked.train])
                val = (images[asked.train :], labels[asked.train :])
                measure(kind, train, val, folder, asked)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(kind: str, train: Any, val: Any, folder: Path, asked: Any) -> None:
    title = f"{kind}, {len(val[0]):,} validation samples"
    made = {name: make for name, make in variants(folder).items() if name in asked.only or not asked.only}
    costs: dict[str, list[Cost]] = {name: [] for name in made}
    disk: dict[str, float] = {}
    for make in made.values():  # warm: imports are not what a fit costs
        fit(kind, make(), train, val, 1)
    for _ in range(asked.repeat):
        for name, callbacks in made.items():
            for stale in folder.iterdir():
                shutil.rmtree(stale) if stale.is_dir() else stale.unlink()
            costs[name].append(fit(kind, callbacks(), train, val, asked.epochs))
            disk[name] = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    none = [cost.seconds for cost in costs["none"]]
    base = statistics.median(none)
    noise = (max(none) - min(none)) / 2 / base
    grown = statistics.median(cost.memory for cost in costs["none"])
    width = WIDTHS[kind]
    print(f"\n{title}: {asked.epochs} epochs, {asked.repeat} repetitions, noise of none ±{noise:.1%}")
    print(
        f"raw float16 rows of features and logits: {asked.epochs * len(val[0]) * (width + 10) / 5e5:.1f} MB; "
        f"their float32 buffers: {len(val[0]) * (width + 20) * 4 / 1e6:.1f} MB"
    )
    print(f"{'':28}{'CPU s':>8}{'ratio':>8}{'quartiles':>14}{'RSS MB':>8}{'disk MB':>9}")
    for name, taken in costs.items():
        # each repetition beside its own neighbour: what else the machine does falls on both
        ratios = [ours.seconds / theirs for ours, theirs in zip(taken, none, strict=True)]
        low, _, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else (ratios[0],) * 3
        seconds = statistics.median(cost.seconds for cost in taken)
        rise = statistics.median(cost.memory for cost in taken) - grown
        spread = f"{low:.3f}-{high:.3f}"
        ratio = statistics.median(ratios)
        print(f"{name:28}{seconds:8.2f}{ratio:8.3f}{spread:>14}{rise:8.1f}{disk[name]:9.1f}")


if __name__ == "__main__":
    main()
