"""Who taught it that: last-layer TracIn beside nearest neighbours, for samples that a model gets wrong.

    python benchmarks/influence.py                       # digits and texts
    python benchmarks/influence.py --data images.npz     # any npz with images and labels

Printed: the share of wrong labels among the ten strongest opponents of each error, where 10 or 2 % of the
labels are wrong; and what an error's margin gains when the model is trained again without 40 samples, chosen
by influence, as the nearest of another label, or at random. The images are learned by a small CNN, the texts
are docstrings of installed libraries, learned by a bag of words with a hidden layer.
"""

from __future__ import annotations

import argparse
import warnings
from functools import partial
from pathlib import Path

import numpy as np
from insight_parts.teaching import cnn, opponents, retraining, task, text_model
from insight_parts.texts import load_texts
from measures import interval
from scipy.stats import wilcoxon
from series import load_images


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--only", nargs="+", choices=["images", "texts"], default=["images", "texts"])
    parser.add_argument("--errors", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    for kind in asked.only:
        inputs, labels = load_images(asked.data) if kind == "images" else load_texts()
        inputs = inputs[:, None] if kind == "images" else inputs  # one channel
        classes = int(labels.max()) + 1
        make, epochs = (partial(cnn, classes), 8) if kind == "images" else (text_model, 12)
        size = len(inputs) * 4 // 5
        for rate in (0.1, 0.02):
            tasks = (task(make, (inputs, labels), size, rate, epochs, seed) for seed in range(asked.seeds))
            by, near, errors = np.mean([opponents(each, s) for s, each in enumerate(tasks)], axis=0)
            print(f"{kind}, {size} samples, {rate:.0%} of the labels wrong, {errors:.0f} errors:")
            print(
                f"  wrong labels: {by:.0%} of the ten strongest opponents, {near:.0%} of the ten nearest",
                flush=True,
            )
        few = min(2000, size)
        gains = retraining(task(make, (inputs, labels), few, 0.1, epochs, 0), asked.errors, 0)
        for name, gain in gains.items():
            print(f"  {len(gain)} errors of {few} samples, without 40 by {name}: margin {interval(gain)}")
        more = gains["influence"] - gains["nearest of another label"]
        p = wilcoxon(more).pvalue
        print(f"  influence over nearest: {interval(more)}, p = {p:.1e} (Wilcoxon)", flush=True)


if __name__ == "__main__":
    main()
