"""Runs at the edges of what can be logged, for the browser tests: `python -m tests.e2e.odd_runs`."""

from __future__ import annotations

import numpy as np

import chroma

RNG = np.random.default_rng(5)
HOSTILE = "<img src=x onerror=\"document.title='owned'\"> 🦆 " + "long " * 30


def main() -> None:
    """Log them into the home that CHROMA_HOME names."""
    with chroma.init("odd", "one sample") as run:
        run.log_embeddings(RNG.normal(size=(1, 4)), layer="fc", ids=[0], epoch=0)
    with chroma.init("odd", HOSTILE) as run:
        vectors = RNG.normal(size=(40, 6))
        vectors[3] = np.nan
        ids = [f"{HOSTILE}{i}" for i in range(40)]
        run.log_samples(
            "val",
            ids=ids,
            texts=[HOSTILE] * 40,
            metadata={HOSTILE: range(40)},
        )
        run.log_embeddings(vectors, layer="fc", ids=ids, split="val", epoch=0)
    with chroma.init("odd", "500 classes") as run:
        labels = np.arange(1500) % 500
        run.log_samples("val", ids=range(1500), labels=labels, class_names=[f"class {i}" for i in range(500)])
        vectors = RNG.normal(size=(500, 16))[labels] * 6 + RNG.normal(size=(1500, 16))
        run.log_embeddings(vectors, layer="fc", ids=range(1500), split="val", epoch=0)


if __name__ == "__main__":
    main()
