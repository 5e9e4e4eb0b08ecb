"""Pictures of the validation set that stand in the training set, as they are or changed a little."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from scipy.ndimage import shift
from series import load_images

from chroma.insight.pictures import same_pictures

KINDS = ("none", "equal", "moved by 1 pixel, brighter by up to 20 %, noise of 3 %")


def copies(data: Path | None, seed: int = 0) -> None:
    """Plant copies of a tenth of the validation set, and look for them."""
    rng = np.random.default_rng(seed)
    images, _ = load_images(data)
    images = images[rng.permutation(len(images))]
    cut = len(images) * 4 // 5
    for kind in KINDS:
        train, val = images[:cut].copy(), images[cut:]
        sources = rng.choice(len(val), 0 if kind == "none" else len(val) // 10, replace=False)
        targets = rng.choice(cut, len(sources), replace=False)
        train[targets] = val[sources]
        for target in targets if kind.startswith("moved") else ():
            moved = shift(train[target], rng.integers(-1, 2, 2), order=0) * rng.uniform(0.8, 1.2)
            train[target] = np.clip(moved + rng.normal(0, 0.03, moved.shape), 0, 1)
        started = time.process_time()
        pairs = same_pictures(val, train)
        spent = time.process_time() - started
        found = set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
        right = len(found & set(zip(sources.tolist(), targets.tolist(), strict=True)))
        print(
            f"copies ({kind}): {len(sources)} planted; {len(found)} found, {right} right; {spent:.1f} CPU s"
        )
