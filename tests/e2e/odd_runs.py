"""Runs at the edges of what can be logged, for the browser tests: `python -m tests.e2e.odd_runs`."""

from __future__ import annotations

import numpy as np

import chroma

RNG = np.random.default_rng(5)
HOSTILE = "<img src=x onerror=\"document.title='owned'\"> 🦆 " + "long " * 30

# name of the run, points that its film shows
SHOWN = {
    "one sample": 1,
    HOSTILE: 39,
    "500 classes": 1500,
    "one class": 60,
    "no labels": 60,
    "all the same": 30,
}


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
            labels=np.arange(40) % 2,
            texts=[HOSTILE] * 40,
            metadata={HOSTILE: range(40)},
            class_names=[HOSTILE, "</script><script>document.title='owned'</script>"],
        )
        run.log_embeddings(vectors, layer="fc", ids=ids, split="val", epoch=0)
    with chroma.init("odd", "500 classes") as run:
        labels = np.arange(1500) % 500
        run.log_samples("val", ids=range(1500), labels=labels, class_names=[f"class {i}" for i in range(500)])
        vectors = RNG.normal(size=(500, 16))[labels] * 6 + RNG.normal(size=(1500, 16))
        run.log_embeddings(vectors, layer="fc", ids=range(1500), split="val", epoch=0)
    with chroma.init("odd", "one class") as run:
        run.log_samples("val", ids=range(60), labels=[0] * 60, class_names=["the only one"])
        run.log_embeddings(RNG.normal(size=(60, 8)), layer="fc", ids=range(60), split="val", epoch=0)
    with chroma.init("odd", "no labels") as run:
        for epoch in range(2):
            run.log_embeddings(RNG.normal(size=(60, 8)), layer="fc", ids=range(60), split="val", epoch=epoch)
    with chroma.init("odd", "all the same") as run:
        run.log_embeddings(np.ones((30, 8)), layer="fc", ids=range(30), split="val", epoch=0)


if __name__ == "__main__":
    main()
