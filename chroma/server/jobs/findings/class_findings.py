"""Classes: confused ones, two in one, rare ones; and groups of samples on which the model fails."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chroma.insight.classes import confused_pairs, confusion, rare_classes, split_classes
from chroma.insight.slices import density_clusters, slices
from chroma.server.jobs.findings.evidence import Evidence, Said
from chroma.server.jobs.findings.found import Found
from chroma.server.jobs.findings.views import selected_view
from chroma.server.store import tables
from chroma.server.store.findings.labels import class_text
from chroma.server.store.findings.report import Finding, FoundSamples

_MOST_PAIRS = 5  # told of a split
_CONFUSED = "share of a class that is taken for another, lower end of Wilson's 95% interval above 5%"
_SPLIT = "2-means on one half, share of the variance that its groups explain on the other, above 0.8"
_RARE = "fewer samples than a fifth of the median class"
_SLICE = "HDBSCAN on 8 principal axes; errors above chance (hypergeometric, false discoveries below 5%)"


def find_classes(evidence: Evidence) -> Found:
    """Confused classes of each split, split and rare ones of the first labelled split (train, if there)."""
    found = Found()
    looked = False
    for split in evidence.splits:
        said = evidence.last_said(split)
        if said is not None:
            looked = True
            _confused(evidence, split, said, found)
    labelled = [split for split in evidence.splits if evidence.labels(split) is not None]
    labelled.sort(key=lambda split: split.name != "train")
    if labelled:
        _groups(evidence, labelled[0], found)
    if not looked:
        found.refuse(
            ["class"],
            "Which classes are confused cannot be said without labels and predictions: give labels=, and for "
            "predictions outputs=True and a classifier's head.",
        )
    return found


def find_slices(evidence: Evidence) -> Found:
    """Groups of samples with more errors than elsewhere, of every split but train."""
    found = Found()
    looked = False
    for split in evidence.splits:
        said, snapshot = evidence.last_said(split), evidence.newest(evidence.first_layer, split)
        if said is None or snapshot is None or split.name == "train":
            continue
        looked = True
        positions, vectors = evidence.features(snapshot)
        known = said.known[positions]
        rows, wrong = positions[known], said.wrong[positions[known]]
        for at, group in enumerate(slices(density_clusters(vectors[known]), wrong)):
            inside = rows[group.rows]
            bad = inside[said.wrong[inside]]
            layer = evidence.first_layer
            found.findings.append(
                Finding(
                    key=f"slice-{split.name}-{at}",
                    kind="slice",
                    title=f"{group.rate:.0%} wrong in a group of {len(inside):,} samples of {split.name}",
                    text=f"{group.errors:,} of {len(inside):,} samples that lie together are wrong, "
                    f"{group.rate:.0%} against {group.elsewhere:.0%} elsewhere in {split.name}.",
                    rank=min(0.84, 0.6 + 0.3 * group.low),
                    method=_SLICE,
                    view=selected_view(evidence, layer, split, snapshot.step, inside, colour="correct"),
                    split=split.name,
                    layer=layer.name if layer else None,
                    epoch=snapshot.epoch,
                    step=snapshot.step,
                    of=len(rows),
                    samples=_samples(evidence, split, np.concatenate([bad, np.setdiff1d(inside, bad)])),
                )
            )
    if not looked:
        found.refuse(
            ["slice"],
            "Groups on which the model fails are looked for in val or another split with vectors, labels and "
            "predictions: splits= and labels=.",
        )
    return found


def _confused(evidence: Evidence, split: tables.Split, said: Said, found: Found) -> None:
    names = evidence.class_names(split.name)
    classes = int(max(said.labels.max(initial=-1), said.prediction.max(initial=-1))) + 1
    counts = confusion(said.labels, said.prediction, classes)
    for pair in confused_pairs(counts)[:_MOST_PAIRS]:
        label, other = class_text(names, pair.label), class_text(names, pair.taken_for)
        rows = np.flatnonzero((said.labels == pair.label) & (said.prediction == pair.taken_for))
        found.findings.append(
            Finding(
                key=f"confused-{split.name}-{pair.label}-{pair.taken_for}",
                kind="class",
                title=f"{label} taken for {other}",
                text=f"{pair.count:,} of {pair.of:,} samples of {label} in {split.name} are taken for "
                f"{other} ({pair.count / pair.of:.0%}, at least {pair.low:.0%}).",
                rank=min(0.8, 0.5 + pair.low),
                method=_CONFUSED,
                view=selected_view(
                    evidence,
                    evidence.layer,
                    split,
                    evidence.step_near(split, said.step),
                    rows,
                    colour="label",
                ),
                split=split.name,
                epoch=said.epoch,
                step=said.step,
                of=pair.of,
                samples=_samples(evidence, split, rows),
            )
        )


def _groups(evidence: Evidence, split: tables.Split, found: Found) -> None:
    names = evidence.class_names(split.name)
    labels = evidence.labels(split)
    snapshot = evidence.newest(evidence.first_layer, split)
    if labels is None:
        return
    if snapshot is not None:
        positions, vectors = evidence.features(snapshot)
        for each in split_classes(vectors, labels[positions]):
            name = class_text(names, each.label)
            rows = positions[each.parts == 1]
            found.findings.append(
                Finding(
                    key=f"split-{split.name}-{each.label}",
                    kind="class",
                    title=f"{name} is two groups",
                    text=f"The {sum(each.sizes):,} samples of {name} in {split.name} lie in two groups, of "
                    f"{each.sizes[0]:,} and {each.sizes[1]:,}, which explain {each.score:.0%} of the spread.",
                    rank=0.6 + 0.3 * (each.score - 0.8),
                    method=_SPLIT,
                    view=selected_view(
                        evidence, evidence.first_layer, split, snapshot.step, rows, colour="label"
                    ),
                    split=split.name,
                    layer=evidence.first_layer.name if evidence.first_layer else None,
                    epoch=snapshot.epoch,
                    step=snapshot.step,
                    of=sum(each.sizes),
                    samples=_samples(evidence, split, rows),
                )
            )
    classes = max(len(names), int(labels.max(initial=-1)) + 1)
    for rare in rare_classes(labels, classes):
        name = class_text(names, rare.label)
        rows = np.flatnonzero(labels == rare.label)
        found.findings.append(
            Finding(
                key=f"rare-{split.name}-{rare.label}",
                kind="class",
                title=f"{name} is rare",
                text=f"{name} has {rare.count:,} samples in {split.name}; half of the classes have "
                f"{rare.usual:,.0f} or more.",
                rank=0.5,
                method=_RARE,
                view=selected_view(
                    evidence, evidence.first_layer, split, None, rows if len(rows) else None, colour="label"
                ),
                split=split.name,
                of=len(labels),
                samples=_samples(evidence, split, rows),
            )
        )


def _samples(evidence: Evidence, split: tables.Split, rows: npt.NDArray[np.int64]) -> FoundSamples:
    """Samples without scores of their own."""
    return FoundSamples(split.name, evidence.samples(split).ids[rows], np.full(len(rows), np.nan, np.float32))
