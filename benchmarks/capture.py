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
from peers import Keep, empty, images, keepers
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from chroma.capture.call import CapturedCall
from chroma.capture.schedule import Clock, Schedule
from chroma.capture.session import CaptureSession
from chroma.integrations._torch.device_buffers import buffer_for, to_half
from chroma.integrations._torch.layer_capture import LayerCapture
from chroma.integrations._torch.options import CaptureOptions
from chroma.integrations._torch.run_choice import RunChoice
from chroma.integrations._torch.sample_ids import tap, untap
from chroma.integrations._torch.split_capture import LoopCapture, SplitContext
from chroma.integrations._torch.training_capture import TrainingCapture
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
        "Chroma, outputs=False": lambda: [
            ChromaCallback(silent=True, project="bench", log_inputs=False, outputs=False)
        ],
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


def batch_cost(layers: str, *, shuffle: bool) -> str:
    """Microseconds of the training's thread that a batch of 256 x 512 takes: median and quartiles.

    Everything between the trainer's hooks and the buffers: ids, the probe set, the hooks on the layers, the
    copy. A pass without capture, in turns with one that is captured, is subtracted; the passes that choose
    layers and samples are not counted.

    Args:
        layers: "auto" for the features and the logits; a layer's name for it alone.
        shuffle: Whether each pass has another order.
    """
    run = Run(project="bench")
    run.recording.to_half = to_half
    call = CapturedCall(silent=True)
    call.run = run
    model = nn.Sequential(nn.Linear(64, 512), nn.ReLU(), nn.Linear(512, 10)).eval()
    options = CaptureOptions(
        layers=layers, max_snapshots=None, task="auto" if layers == "auto" else "unlabelled"
    )
    session = CaptureSession(run.recording, max_samples=None, log_inputs=False, make_buffer=buffer_for)
    reader = options.reader()
    following = LayerCapture(model, session, reader, layers, lambda *_, **__: None)
    samples = TensorDataset(torch.randn(8192, 64), torch.randint(0, 10, (8192,)))
    loader = DataLoader(samples, batch_size=256, shuffle=shuffle)
    taps = {loader: tap(loader)}
    number = 0
    schedule = Schedule(["val"], options.limits(), run.recording, Clock(run.recording))
    context = SplitContext("val", run, following, schedule, lambda: (number, number), lambda: False)
    capture = LoopCapture(context, reader=reader, taps=taps, loaders=lambda: loader)
    plain: list[float] = []
    ours: list[float] = []
    with torch.no_grad():
        for number in range(14):  # noqa: B007 - read by the context
            for images, _ in loader:
                start = time.perf_counter()
                model(images)
                plain.append(time.perf_counter() - start)
            capture.begin()
            for batch in loader:
                start = time.perf_counter()
                call.guarded(capture.begin_batch, batch, 0)
                model(batch[0])
                call.guarded(capture.end_batch)
                ours.append(time.perf_counter() - start)
            call.guarded(capture.end)
            run.recording.flush(60)  # the writer's thread does not fight for the cache meanwhile
    untap(loader)
    receipt = run.recording.close("finished")
    if receipt.errors or receipt.missing:
        raise SystemExit(f"nothing was measured, as capture failed:\n{receipt}")
    base = statistics.median(plain[128:])
    low, middle, high = ((each - base) * 1e6 for each in statistics.quantiles(ours[128:], n=4))
    return f"{middle:.0f} µs ({low:.0f} to {high:.0f})"


def training_cost() -> tuple[str, str]:
    """Microseconds that the outputs of a batch of 256, 10 classes, take of the training's thread.

    Everything between the trainer's hooks and the writer's queue, as `batch_cost` counts it: ids, labels, the
    hook on the head, the copy, the walk from the loss to the labels. First where the loss's graph tells the
    labels, then where it is a function of the user's own, so that the calls of the step are followed. The
    least is the difference of the tenths that took least: what it costs while nothing else runs.
    """

    def own(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return -(scores.softmax(1)[torch.arange(len(labels)), labels].log() * 1.0).mean()

    costs: list[str] = []
    for loss_of in (F.cross_entropy, own):
        run = Run(project="bench")
        call = CapturedCall(silent=True)
        call.run = run
        model = nn.Sequential(nn.Linear(64, 512), nn.ReLU(), nn.Linear(512, 10))
        samples = TensorDataset(torch.randn(8192, 64), torch.randint(0, 10, (8192,)))
        loader = DataLoader(samples, batch_size=256, shuffle=True)
        capture = TrainingCapture(
            model,
            run.recording,
            CaptureOptions().reader(),
            RunChoice(),
            taps={loader: tap(loader)},
            loaders=lambda loader=loader: loader,
            running_pass=None,
        )
        taken: tuple[list[float], list[float]] = ([], [])
        for epoch in range(24):
            captured = epoch % 2 == 1
            if captured:
                call.guarded(capture.begin)
            for batch in loader:
                start = time.perf_counter()
                if captured and capture.follows:
                    call.guarded(capture.begin_batch, batch)
                loss = loss_of(model(batch[0]), batch[1])
                if captured and capture.follows:
                    call.guarded(capture.see_loss, loss)
                    call.guarded(capture.end_batch)
                taken[captured].append(time.perf_counter() - start)
                loss.backward()
            if captured:
                call.guarded(capture.end, (epoch, epoch))
                run.recording.flush(60)
        untap(loader)
        receipt = run.recording.close("finished")
        if receipt.errors or receipt.missing or "12 epochs, 8,192 of 8,192" not in " ".join(receipt.notes):
            raise SystemExit(f"nothing was measured, as capture failed:\n{receipt}")
        base = statistics.median(taken[False][128:])
        low, middle, high = ((each - base) * 1e6 for each in statistics.quantiles(taken[True][64:], n=4))
        least = (
            statistics.quantiles(taken[True][64:], n=10)[0]
            - statistics.quantiles(taken[False][128:], n=10)[0]
        )
        costs.append(f"{middle:.0f} µs ({low:.0f} to {high:.0f}), at the least {least * 1e6:.0f} µs")
    return costs[0], costs[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="an .npz of images and labels; scikit-learn's digits by default")
    parser.add_argument("--repeat", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--train", type=int, default=8000)
    parser.add_argument("--val", type=int, nargs="+", default=[2000, 8000])
    parser.add_argument("--models", nargs="+", default=["mlp", "cnn"], choices=["mlp", "cnn"])
    parser.add_argument("--batch", action="store_true", help="only what a batch costs the training's thread")
    parser.add_argument("--only", nargs="+", default=[], help="names of variants, 'none' among them")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    folder = Path(tempfile.mkdtemp(prefix="chroma-bench-"))
    os.environ["CHROMA_HOME"] = str(folder)
    try:
        print("what a batch of 256 x 512 costs the training's thread, median and quartiles:")
        for layers, about in (("1", "features"), ("auto", "features and logits")):
            for shuffle in (False, True):
                order = "shuffled" if shuffle else "in order"
                print(f"  {about}, {order}: {batch_cost(layers, shuffle=shuffle)}")
        print(f"  their bare copy, in the same run, at the least: {copy_cost():.0f} µs")
        print("what the outputs of a batch of 256 that is trained on cost it:")
        readable, own = training_cost()
        print(f"  with cross-entropy: {readable}\n  with a loss of one's own: {own}")
        for kind in [] if asked.batch else asked.models:
            for n in asked.val:
                images, labels = load(asked.data, asked.train + n)
                train = (images[: asked.train], labels[: asked.train])
                val = (images[asked.train :], labels[asked.train :])
                measure(kind, train, val, folder, asked)
    finally:
        empty(folder)
        folder.rmdir()


def measure(kind: str, train: Any, val: Any, folder: Path, asked: Any) -> None:
    title = f"{kind}, {len(val[0]):,} validation samples"
    made = {name: make for name, make in variants(folder).items() if name in asked.only or not asked.only}
    costs: dict[str, list[Cost]] = {name: [] for name in made}
    disk: dict[str, float] = {}
    for make in made.values():  # warm: imports are not what a fit costs
        fit(kind, make(), train, val, 1)
    for _ in range(asked.repeat):
        for name, callbacks in made.items():
            empty(folder)
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
