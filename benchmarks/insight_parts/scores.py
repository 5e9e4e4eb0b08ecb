"""Chroma's score of labels and its peers', on the same probabilities: the highest is the most doubtful."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chroma.insight.label_evidence import neighbor_votes
from chroma.insight.labels import Probabilities, best_epoch, label_scores
from chroma.projection.neighbors import neighbor_graph
from insight_parts.training import Training

Scores = dict[str, npt.NDArray[np.floating]]


def softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def compact(outputs: Probabilities) -> Probabilities:
    """As it is captured of training samples: the label and the strongest other class."""
    return Probabilities(outputs.labels, outputs.label, outputs.other, outputs.other_probability)


def ours(
    logits: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    val_accuracy: npt.NDArray[np.float32],
    near: npt.NDArray[np.int32],
) -> Scores:
    """Chroma's, from what is captured: the label and the strongest other class; and without neighbours."""
    outputs, best = compact(Probabilities.dense(softmax(logits), labels)), best_epoch(val_accuracy)
    return {
        "Chroma": -label_scores(outputs, until=best, neighbors=near).score,
        "Chroma, without neighbours": -label_scores(outputs, until=best).score,
    }


def others(trained: Training, labels: npt.NDArray[np.int64], held_out: npt.NDArray[np.float32]) -> Scores:
    """Of all other methods."""
    p = softmax(trained.logits)
    outputs = Probabilities.dense(p, labels)
    found: Scores = {
        "Chroma, kNN agreement": _knn(trained, labels, best_epoch(trained.val_accuracy) or 0),
        "cleanlab, in-sample": _cleanlab(p[-1], labels, "self_confidence"),
        "cleanlab, in-sample margin": _cleanlab(p[-1], labels, "normalized_margin"),
        "cleanlab, 3-fold": _cleanlab(held_out, labels, "self_confidence"),
        "cleanlab, 3-fold margin": _cleanlab(held_out, labels, "normalized_margin"),
        "AUM": -_aum(trained.logits, labels),
        "mean loss": -np.log(np.maximum(outputs.label, 1e-30)).mean(axis=0),
        "mistakenness (FiftyOne)": _mistakenness(p[-1], labels),
    }
    simifeat = _simifeat(trained.features[-1], labels)
    return found if simifeat is None else {**found, "SimiFeat (docta)": simifeat}


def _knn(trained: Training, labels: npt.NDArray[np.int64], best: int) -> npt.NDArray[np.float32]:
    """Mean over the same epochs as the score."""
    epochs = range((best + 2) // 2 - 1, best + 1)
    graphs = (neighbor_graph(trained.features[e], k=50, metric="cosine") for e in epochs)
    return -np.mean([neighbor_votes(g.indices, labels).agreement for g in graphs], axis=0)


def _cleanlab(
    p: npt.NDArray[np.float32], labels: npt.NDArray[np.int64], method: str
) -> npt.NDArray[np.floating]:
    from cleanlab.rank import get_label_quality_scores

    return -get_label_quality_scores(labels, p.astype(np.float64), method=method)


def _aum(logits: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]) -> npt.NDArray[np.floating]:
    """Pleiss et al. 2020: the mean over all epochs of the label's logit less the largest other one."""
    rows = np.arange(len(labels))
    own = logits[:, rows, labels]
    others = logits.copy()
    others[:, rows, labels] = -np.inf
    return (own - others.max(axis=2)).mean(axis=0)


def _mistakenness(p: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]) -> npt.NDArray[np.floating]:
    """FiftyOne Brain with logits: (m exp(-H(p)) + 1) / 2, m = -1 where the prediction is right, else 1."""
    entropy = -(p * np.log(np.maximum(p, 1e-30))).sum(axis=1)
    return (np.where(p.argmax(axis=1) != labels, 1, -1) * np.exp(-entropy) + 1) / 2


def _simifeat(
    features: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]
) -> npt.NDArray[np.floating] | None:
    """The score SimiFeat ranks by (Zhu, Dong & Liu 2022), k=10, by its authors' code; None without it."""
    try:
        from docta.core.knn import count_knn_distribution, get_score
    except ImportError:
        return None
    from types import SimpleNamespace

    import torch

    rows = np.arange(len(labels))
    asked = SimpleNamespace(num_classes=int(labels.max()) + 1, details=False)
    data = SimpleNamespace(feature=features, label=labels, index=rows)
    shares = count_knn_distribution(asked, data, rows, k=10)
    return get_score(shares, torch.from_numpy(labels)).numpy()
