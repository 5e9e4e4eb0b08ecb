"""What the reader hands out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from chroma.records import Ids

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Embeddings:
    """The vectors of one snapshot.

    Attributes:
        layer: Name of the layer.
        split: Name of the split.
        epoch: 0-based; None for step-based training.
        step: Global optimizer step.
        ids: `[n]` int64, or object of str: the sample of each row.
        vectors: `[n, d]` float32.
        parts: `[n]` int32: which box, token or view of the sample; 0 where it has only one.
        of: How many samples of the split the run follows.
    """

    layer: str
    split: str
    epoch: int | None
    step: int
    ids: Ids
    vectors: npt.NDArray[np.float32]
    parts: npt.NDArray[np.int32]
    of: int

    def __repr__(self) -> str:
        rows, width = self.vectors.shape
        return (
            f"<Embeddings {self.layer} of {self.split}, epoch {self.epoch}, step {self.step}: "
            f"{rows} of {self.of} samples, {width} values each>"
        )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Film:
    """2-D layouts of snapshots of the same samples, aligned: one frame each.

    Attributes:
        layer: Name of the layer; over layers of the last one.
        split: Name of the split; of several that are placed together their names, joined by `+`.
        split_of: `[n]` object of str: the split of each point in a film of several; None for one.
        together: Of several splits: how many epochs have all of them, "8 of 10 epochs have both".
        over: What the frames run over: `"epochs"`, `"layers"`, `"runs"`.
        runs: Name of each frame's run.
        layers: Name of each frame's layer.
        snapshots: How many there are that it could show: a film has at most 60 frames.
        followed: Samples of the split that the run follows; more than there are ids in a film of picked ones.
        method: What drew it: a key of `chroma.projection.methods.METHODS`, or `"logged"`.
        parameters: Of the method, those that differ from its defaults; PCA's `first` and `second` component
            count from 1.
        preview: True while the final frames are still being computed.
        ids: `[n]` int64, or object of str: the sample of each point; of several splits `"train:12"`.
        xy: `[frames, n, 2]` float32; NaN where a sample is missing in a frame.
        epochs: `[frames]` int64; -1 for step-based training.
        steps: `[frames]` int64, global optimizer steps.
        quality: One row per frame: epoch, step, n, of, trustworthiness, continuity
            (Venna & Kaski 2001, k = 15), neighborhood_hit, stress, stress_pca (Kruskal 1964; of PCA's frame),
            quality_n; and of its vectors in the full space: spread (root of the mean squared distance from
            their mean), effective_rank (Roy & Vetterli 2007), equal (vectors in the largest group of equal
            ones: where it is n, the layer collapsed).
        explained: `[frames, 2]` float64: by PCA, the share of the variance along each axis; None for others.
        motion: How the film moves, in radii: `jitter` of the fifth of the samples whose neighbours changed
            least, `movement` of the fifth whose neighbours changed most, and `rho`, Spearman's correlation
            of movement and change. Empty where it is not measured: previews, `"pca"`, a single frame.
    """

    layer: str
    split: str
    split_of: npt.NDArray[np.object_] | None
    together: str | None
    over: str
    runs: list[str]
    layers: list[str]
    snapshots: int
    followed: int
    method: str
    parameters: dict[str, float]
    preview: bool
    ids: Ids
    xy: npt.NDArray[np.float32]
    epochs: npt.NDArray[np.int64]
    steps: npt.NDArray[np.int64]
    explained: npt.NDArray[np.float64] | None
    quality: pd.DataFrame
    motion: dict[str, float]

    def __repr__(self) -> str:
        frames, points, _ = self.xy.shape
        kind = f"{self.method} preview" if self.preview else self.method
        what = self.layer if self.over == "epochs" else f"over {self.over}"
        shown = f"{frames} of {self.snapshots}" if self.snapshots > frames else str(frames)
        picked = f"{points} of {self.followed}" if self.followed > points else str(points)
        return f"<Film {what} of {self.split}, {kind}: {shown} frames, {picked} points>"


class Neighbors(NamedTuple):
    """Nearest neighbours of a sample in the full-dimensional space, nearest first.

    Attributes:
        ids: `[k]` int64, or object of str.
        distances: `[k]` float32, euclidean.
    """

    ids: Ids
    distances: npt.NDArray[np.float32]
