"""The columns that Chroma has itself: a row for each, with its title and the heading it is listed under."""

from __future__ import annotations

_LABELS, _MODEL, _NEIGHBOURS, _SAMPLES, _TAGS = "Labels", "Model", "Neighbours and layout", "Samples", "Tags"
_FINDINGS = "Findings"
GROUPS = (_LABELS, _MODEL, _NEIGHBOURS, _FINDINGS, _SAMPLES, _TAGS)  # in the order in which they are listed

# Those that a report of findings may have.
FOUND = {
    "label_score": ("Label score", _FINDINGS),
    "label_suggested": ("Suggested label", _FINDINGS),
    "label_probability": ("Probability of the suggested label", _FINDINGS),
    "epochs_wrong": ("Epochs wrong", _FINDINGS),
    "times_forgotten": ("Times forgotten", _FINDINGS),
    "agreement_50": ("kNN agreement, k = 50", _FINDINGS),
    "hardness": ("Hardness", _FINDINGS),
    "prediction_depth": ("Prediction depth", _FINDINGS),
    "typicality": ("Typicality", _FINDINGS),
    "outlier_score": ("Outlier score", _FINDINGS),
    "train_distance": ("Distance to the training data", _FINDINGS),
}

OWN_COLUMNS = {
    "label": ("Label", _LABELS),
    "prediction": ("Prediction", _MODEL),
    "correct": ("Correct", _MODEL),
    "confidence": ("Confidence", _MODEL),
    "margin": ("Margin", _MODEL),
    "cross_entropy": ("Cross-entropy", _MODEL),
    "agreement": ("kNN agreement", _NEIGHBOURS),
    "kept": ("Neighbours kept", _NEIGHBOURS),
    "in_picture": ("Neighbours kept by the picture", _NEIGHBOURS),
    "movement": ("Movement", _NEIGHBOURS),
    "cluster": ("Cluster", _NEIGHBOURS),
    "nearest_train": ("Distance to the nearest training sample", _NEIGHBOURS),
    "split": ("Split", _SAMPLES),
    "position": ("Position", _SAMPLES),
    **FOUND,
}

# Columns of which there is one for each tag or class: how names and titles begin, and their group.
_BY_PREFIX = {"tag:": ("Tag ", _TAGS), "label:": ("Label ", _LABELS)}


def title_and_group(name: str) -> tuple[str, str]:
    """What people read for a column's name, and the heading it is listed under."""
    for prefix, (title, group) in _BY_PREFIX.items():
        if name.startswith(prefix):
            return title + name.removeprefix(prefix), group
    return OWN_COLUMNS.get(name, (name, _SAMPLES))


def is_reserved(name: str) -> bool:
    """Whether users' columns of this name get a prefix, as a film may have one of its own."""
    return name.startswith(tuple(_BY_PREFIX)) or title_and_group(name)[1] in (_NEIGHBOURS, _FINDINGS)
