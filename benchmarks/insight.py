"""Wrong labels found: Chroma's score beside its peers', on the same probabilities.

    make bench-insight                                 # digits
    python benchmarks/insight.py --data images.npz     # any npz with images and labels; --most 3000 for few
    python benchmarks/insight.py --only short          # one part: short, memorising, captured, copies, costs

A small network learns labels of which 2 or 10 % are wrong (uniform, confusable pairs, ambiguous samples) for
8 epochs, or for 40 until it has memorised them. Printed for each cell, as means over the seeds: precision
among as many samples as are wrong, AUROC and average precision. Cells are kept in the temporary folder.
`captured` trains through Chroma's callback and compares what it captured with what the training kept,
`copies` plants leaks, `costs` times all insights beside a film.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
from insight_parts.captured import captured
from insight_parts.copies import copies
from insight_parts.costs import costs
from insight_parts.noise import KINDS, plant
from insight_parts.scores import others, ours
from insight_parts.training import Data, folds_probabilities, load, train
from sklearn.metrics import average_precision_score, roc_auc_score

from chroma.insight.labels import best_epoch
from chroma.projection.neighbors import neighbor_graph

# epochs and dropout: without it the network has memorised nearly all labels after 40 epochs
REGIMES = {"short": (8, 0.2), "memorising": (40, 0.0)}
PARTS = [*REGIMES, "captured", "copies", "costs"]
RATES = (0.02, 0.1)
# Of what is measured: raise it with any change.
_VERSION = 1
MEASURES = ("precision", "auroc", "ap")
Cell = dict[str, dict[str, float]]


def measure(score: npt.NDArray[np.floating], wrong: npt.NDArray[np.bool_]) -> dict[str, float]:
    """Precision at the noise rate, AUROC and average precision; equal scores in an order drawn once."""
    order = np.lexsort((np.random.default_rng(0).random(len(score)), -score))
    return {
        "precision": float(wrong[order[: wrong.sum()]].mean()),
        "auroc": float(roc_auc_score(wrong, score)),
        "ap": float(average_precision_score(wrong, score)),
    }


def cell(data: Data, regime: str, kind: str, rate: float, seed: int) -> Cell:
    """All measures of all methods for one training; it and what others say of it are kept in files."""
    key = hashlib.sha256(data.images.tobytes() + repr((_VERSION, regime, kind, rate, seed)).encode())
    kept = Path(tempfile.gettempdir()) / "chroma-bench" / f"insight-{key.hexdigest()[:16]}.json"
    kept.parent.mkdir(exist_ok=True)
    learned = kept.with_suffix(".learned.npz")
    if not (kept.exists() and learned.exists()):
        epochs, dropout = REGIMES[regime]
        labels, wrong = plant(data, kind, rate, seed)
        trained = train(data, labels, epochs=epochs, dropout=dropout, seed=seed)
        best = best_epoch(trained.val_accuracy) or 0
        near = neighbor_graph(trained.features[best], k=20, metric="cosine").indices
        np.savez(
            learned, labels=labels, wrong=wrong, logits=trained.logits, val=trained.val_accuracy, near=near
        )
        print(
            f"  {regime} {kind} {rate:.0%} seed {seed}: best epoch {best + 1}, accuracy on the labels given "
            f"{trained.train_accuracy:.3f}, validation {trained.val_accuracy[best]:.3f} (last "
            f"{trained.val_accuracy[-1]:.3f})",
            flush=True,
        )
        if not kept.exists():
            held_out = folds_probabilities(
                data.images, labels, folds=3, epochs=epochs, dropout=dropout, seed=seed
            )
            found = others(trained, labels, held_out)
            kept.write_text(json.dumps({name: measure(score, wrong) for name, score in found.items()}))
    with np.load(learned) as file:
        mine = ours(file["logits"], file["labels"], file["val"], file["near"])
        measured = {name: measure(score, file["wrong"]) for name, score in mine.items()}
    return measured | {n: m for n, m in json.loads(kept.read_text()).items() if n not in measured}


def table(cells: dict[tuple[str, float], list[Cell]]) -> None:
    """A row a method: precision of each cell, then the means over cells and their standard error."""
    names = list(next(iter(cells.values()))[0])
    heads = " | ".join(f"{kind} {rate:.0%}" for kind, rate in cells)
    print(f"| score | {heads} | mean ± s.e. | AUROC | AP |\n|---|{'---|' * (len(cells) + 3)}")
    seeds = len(next(iter(cells.values())))
    for name in names:
        values = {
            m: np.array([[cell[name][m] for cell in every] for every in cells.values()]) for m in MEASURES
        }
        each = " | ".join(f"{v:.3f}" for v in values["precision"].mean(axis=1))
        by_seed = values["precision"].mean(axis=0)
        error = by_seed.std(ddof=1) / np.sqrt(seeds) if seeds > 1 else float("nan")
        print(
            f"| {name} | {each} | {by_seed.mean():.3f} ± {error:.3f} | {values['auroc'].mean():.3f} "
            f"| {values['ap'].mean():.3f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--most", type=int, help="so many of the images; other ones with each seed")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    for regime in [part for part in asked.only if part in REGIMES]:
        cells: dict[tuple[str, float], list[Cell]] = {}
        for seed in range(asked.seeds):
            data = load(asked.data, seed, asked.most)
            for kind in KINDS:
                for rate in RATES:
                    cells.setdefault((kind, rate), []).append(cell(data, regime, kind, rate, seed))
        epochs, n = REGIMES[regime][0], len(data.labels)
        print(f"{data.name}, {regime}: {epochs} epochs, {n} samples, {asked.seeds} seeds")
        table(cells)
    for epochs, dropout in REGIMES.values() if "captured" in asked.only else ():
        captured(load(asked.data), epochs=epochs, dropout=dropout)
    if "copies" in asked.only:
        copies(asked.data)
    if "costs" in asked.only:
        costs(asked.data)


if __name__ == "__main__":
    main()
