"""Samples that are there twice: within a split, and across splits, which are leaks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chroma.insight.across import nearest_across
from chroma.insight.duplicates import Pairs, confirmed, near_pairs, usual_distance
from chroma.insight.pictures import same_pictures
from chroma.server.jobs.findings.evidence import Evidence
from chroma.server.jobs.findings.found import Found
from chroma.server.jobs.findings.pictures import MOST, pictures_of
from chroma.server.jobs.findings.views import joint_view, selected_view
from chroma.server.store import tables
from chroma.server.store.findings.report import Finding, FoundSamples

_BY_PICTURE = "images equal, or but for a small shift, brightness and noise; ratio test of Lowe 2004"
_BY_TEXT = "equal texts"
_BY_VECTOR = "vectors nearer than 0.13 of the median nearest distance in two layers"
_NEEDS = (
    "nothing confirms that samples are the same: log_inputs=True keeps images and texts, and layers= gives "
    "an earlier layer"
)


@dataclass(frozen=True, slots=True)
class Twins:
    """Pairs of positions, closest first, and how they were found; `of` samples were looked at."""

    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    distance: npt.NDArray[np.float32]
    exact: int
    method: str
    of: int


def find_duplicates(evidence: Evidence) -> Found:
    """Samples of one split that are the same."""
    found = Found()
    looked = False
    for split in evidence.splits:
        twins = _twins(evidence, split, None)
        if twins is None:
            continue
        looked = True
        if len(twins.first):
            found.findings.append(_finding(evidence, split, split, twins))
    if not looked:
        found.refuse(["duplicate"], f"Duplicates are not looked for: {_NEEDS}.")
    return found


def find_leaks(evidence: Evidence) -> Found:
    """Samples of the other splits that are in the training data, too."""
    found = Found()
    train = evidence.split("train")
    others = [split for split in evidence.splits if split.name != "train"]
    if train is None or not others:
        found.refuse(["leak"], evidence.needs_train("Leaks"))
        return found
    looked = False
    for split in others:
        twins = _twins(evidence, split, train)
        if twins is None:
            continue
        looked = True
        if len(twins.first):
            found.findings.append(_finding(evidence, split, train, twins))
    if not looked:
        found.refuse(["leak"], f"Leaks are not looked for: {_NEEDS}.")
    return found


def _twins(evidence: Evidence, split: tables.Split, train: tables.Split | None) -> Twins | None:
    """Pairs by images, else by texts, else by vectors of two layers; None where none of it is there."""
    for find in (_by_picture, _by_text, _by_vector):
        twins = find(evidence, split, train)
        if twins is not None:
            return twins
    return None


def _by_picture(evidence: Evidence, split: tables.Split, train: tables.Split | None) -> Twins | None:
    own = pictures_of(evidence.samples(split))
    other = None if train is None else pictures_of(evidence.samples(train))
    if own is None or (train is not None and other is None):
        return None
    if other is not None and own.pixels.shape[1:] != other.pixels.shape[1:]:
        return None
    pairs = same_pictures(own.pixels, None if other is None else other.pixels)
    second = (other or own).positions[pairs.second]
    some = "" if own.of <= MOST else f", of the first {MOST:,} images of {own.of:,}"
    return _made(own.positions[pairs.first], second, pairs, _BY_PICTURE + some, len(own.positions))


def _by_text(evidence: Evidence, split: tables.Split, train: tables.Split | None) -> Twins | None:
    own = evidence.samples(split).texts
    other = own if train is None else evidence.samples(train).texts
    if own is None or other is None:
        return None
    seen: dict[str, int] = {}
    pairs: list[tuple[int, int]] = []
    if train is not None:
        for at, text in enumerate(other.tolist()):
            if text:
                seen.setdefault(text, at)
    for at, text in enumerate(own.tolist()):
        if text and text in seen:
            pairs.append((at, seen[text]))
        elif text and train is None:
            seen[text] = at
    rows = np.array(pairs, np.int64).reshape(-1, 2)
    zero = np.zeros(len(rows), np.float32)
    return Twins(rows[:, 0], rows[:, 1], zero, len(rows), _BY_TEXT, sum(map(bool, own.tolist())))


def _by_vector(evidence: Evidence, split: tables.Split, train: tables.Split | None) -> Twins | None:
    """Pairs that are near in the first two layers of the model."""
    if len(evidence.layers) < 2:
        return None
    early, late = evidence.layers[:2]
    snapshot = evidence.newest(late, split)
    below = None if snapshot is None else evidence.snapshot_at(early, split, snapshot.step)
    if snapshot is None or below is None:
        return None
    positions, vectors = evidence.features(snapshot)
    _, first = evidence.features(below)
    if train is None:
        ids, distances = nearest_across(vectors, vectors, k=3, normalised=False)
        own = ids == np.arange(len(ids))[:, None]
        ids = np.where(own, -1, ids)
        usual = usual_distance(np.sort(np.where(own, np.nan, distances), axis=1))
        pairs = _once(near_pairs(ids, distances, usual=usual))
        others, second = positions, first
        reference = first
    else:
        base = evidence.snapshot_at(late, train, snapshot.step)
        under = evidence.snapshot_at(early, train, snapshot.step)
        if base is None or under is None:
            return None
        others, reference = evidence.features(base)
        ids, distances = nearest_across(vectors, reference, k=1, normalised=False)
        _, within = nearest_across(reference, reference, k=2, normalised=False)
        pairs = near_pairs(ids, distances, usual=usual_distance(within[:, 1:]))
        _, second = evidence.features(under)
        reference = second
    if len(first) != len(vectors) or len(second) != len(others):
        return None
    _, below_within = nearest_across(reference, reference, k=2, normalised=False)
    kept = pairs.take(confirmed(pairs, first, second, usual_distance(below_within[:, 1:])))
    return _made(positions[kept.first], others[kept.second], kept, _BY_VECTOR, len(positions))


def _once(pairs: Pairs) -> Pairs:
    """Of a pair and its mirror image the first."""
    return pairs.take(pairs.first < pairs.second)


def _made(
    first: npt.NDArray[np.int64], second: npt.NDArray[np.int64], pairs: Pairs, method: str, of: int
) -> Twins:
    return Twins(first, second, pairs.distance, int(pairs.exact.sum()), method, of)


def _finding(evidence: Evidence, split: tables.Split, other: tables.Split, twins: Twins) -> Finding:
    leak = split.name != other.name
    n, of = len(np.unique(twins.first)), twins.of
    samples, rest = evidence.samples(split), evidence.samples(other)
    where = f"in {other.name}, too" if leak else "there twice"
    differ = _differ(evidence, split, other, twins)
    return Finding(
        key=f"leak-{split.name}-{other.name}" if leak else f"duplicate-{split.name}",
        kind="leak" if leak else "duplicate",
        title=f"{n:,} {'sample' if n == 1 else 'samples'} of {split.name} {where}",
        text=f"{n:,} of {of:,} samples of {split.name} are {where}, {twins.exact:,} of them exactly"
        + (f"; {differ:,} pairs carry different labels." if differ else "."),
        rank=min(1.0, (0.86 if leak else 0.55) + 0.1 * (differ > 0)),
        method=twins.method,
        view=_view(evidence, split, other, twins),
        split=split.name,
        epoch=None,
        of=of,
        samples=FoundSamples(
            split.name, samples.ids[twins.first], twins.distance, other.name, rest.ids[twins.second]
        ),
    )


def _view(evidence: Evidence, split: tables.Split, other: tables.Split, twins: Twins) -> str:
    """Of leaks both splits together, where one film has them."""
    layer = evidence.first_layer
    last = evidence.newest(layer, split)
    step = last.step if last else None
    both = None
    if split.name != other.name:
        pairs = {split.name: twins.first, other.name: twins.second}
        both = joint_view(evidence, layer, pairs, step, colour="label")
    return both or selected_view(evidence, layer, split, step, twins.first, colour="label")


def _differ(evidence: Evidence, split: tables.Split, other: tables.Split, twins: Twins) -> int:
    own, theirs = evidence.labels(split), evidence.labels(other)
    if own is None or theirs is None:
        return 0
    first, second = own[twins.first], theirs[twins.second]
    return int(((first >= 0) & (second >= 0) & (first != second)).sum())
