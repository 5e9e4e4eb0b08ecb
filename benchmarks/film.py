"""Films and single frames beside their peers: one run, interleaved, CPU seconds of this process.

    make bench-film                                   # digits
    python benchmarks/film.py --data images.npz       # any npz with images and labels
    python benchmarks/film.py --only single cold      # a part of it

Parts: `single` (a frame of the last snapshot, or of `--grow` samples), `film` (ten snapshots), `append`,
`pca` (films by PCA), `cold` (a fresh process), `scale`, `large` (films of five frames), `workers` (`--sizes`
samples), `long` (60 frames of 300 snapshots). AlignedUMAP takes ten minutes for 10,000 samples: its films are
kept in the temporary folder and read again, with the CPU seconds they took. Peers that are not installed are
left out, and said.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from pathlib import Path

from film_parts.many import grown, large, pca, scale, workers
from film_parts.single import PEERS, cold, single
from film_parts.together import append, film, long
from series import Series, capture
from threadpoolctl import threadpool_limits

from chroma.projection.film import draw_film
from chroma.projection.neighbors import neighbor_graph


def one_frame(series: Series, asked: argparse.Namespace, tag: str) -> None:
    vectors, labels = series.snapshots[-1], series.labels
    if asked.grow:
        vectors, labels = grown(series, asked.grow)
        print(f"  grown to {len(vectors)}")
    single(vectors, labels, asked.seeds, asked.peers)


def placing(series: Series, asked: argparse.Namespace, tag: str) -> None:
    for size in asked.sizes:
        workers(grown(series, size)[0])


PARTS: dict[str, tuple[str, Callable[[Series, argparse.Namespace, str], None]]] = {
    "single": ("single frame", one_frame),
    "film": ("film", lambda series, asked, tag: film(series, asked.seeds, asked.aligned_seeds, tag)),
    "append": ("append", lambda series, asked, tag: append(series)),
    "scale": ("scale, grown from", lambda series, asked, tag: scale(series, asked.sizes, asked.peers)),
    "large": ("large film, grown from", lambda series, asked, tag: large(series, asked.sizes, frames=5)),
    "workers": ("workers, grown from", placing),
    "long": ("long run", lambda series, asked, tag: long(series)),
    "cold": ("cold start", lambda series, asked, tag: cold(series.snapshots[-1])),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--only", nargs="+", default=["single", "film", "append", "pca", "cold"])
    parser.add_argument("--layers", nargs="+", default=["128", "512"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--aligned-seeds", type=int, default=1)
    parser.add_argument("--sizes", nargs="+", type=int, default=[100_000])
    parser.add_argument("--grow", type=int, default=0, help="samples of a single frame")
    parser.add_argument("--peers", nargs="+", default=list(PEERS))
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    tag = "digits" if asked.data is None else asked.data.stem
    captured = capture(asked.data)
    with threadpool_limits(1):
        for layer in asked.layers:
            series = captured[layer]
            title = f"{tag}, layer of {layer}, {len(series.labels)} samples"
            draw_film(
                [v[:100] for v in series.snapshots[:2]],
                [neighbor_graph(v[:100]) for v in series.snapshots[:2]],
            )
            for part, (says, run) in PARTS.items():
                if part in asked.only:
                    print(f"{says}: {title}")
                    run(series, asked, tag)
        if "pca" in asked.only:
            print("films by PCA")
            pca([(10_000, 128), (100_000, 128), (1_000_000, 512)])


if __name__ == "__main__":
    main()
