"""Records: the dataclasses that cross borders (training process → journal → catalog → reader).

One record is one segment. Arrays are NumPy; ids are int64 `[n]` (dataset indices) or object arrays of
`str` `[n]` (the user's own keys), one type per split.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Ids = npt.NDArray[np.int64] | npt.NDArray[np.object_]
Head = Literal["logits", "probabilities", "none"]
Identity = Literal["index", "key", "content", "order"]
KEYED = ("key", "content")  # ids are strings that name the same samples in each run
RunStatus = Literal["running", "finished", "failed", "interrupted"]
Level = Literal["info", "warning", "error"]

# What alarms are found by: see chroma.insight.alarms
RULES = ("collapse", "divergence", "dead_layer", "label_shift", "forgetting", "drift", "leak")


@dataclass(frozen=True, slots=True)
class WriterId:
    """Which process writes to a run.

    Attributes:
        attempt: Id of the process group; the ranks of one attempt share it. A new random one by default.
        rank: Rank of the process in its group, from 0.
        world_size: How many ranks write to the attempt.
        attempt_number: Place of the attempt among those of the run, from 0, as known when it began.
    """

    attempt: str = field(default_factory=lambda: secrets.token_hex(4))
    rank: int = 0
    world_size: int = 1
    attempt_number: int = 0


@dataclass(frozen=True, slots=True)
class Header:
    """What every segment says of itself; (run, writer, number) is its key.

    Flat, as the file format is: the fields of the writer's `WriterId` stand beside the others.

    Attributes:
        run: Id of the run.
        writer: Rank and 8 random hex digits of the writing process: `"0-3fa2b1c9"`.
        number: Counter of that writer, from 0.
        attempt: Id of the process group; the ranks of one attempt share it.
        rank: Rank of the writer, from 0.
        world_size: How many ranks write to the attempt.
        attempt_number: Place of the attempt among those of the run: clocks of two machines differ.
        accepted: Snapshots that the writer had accepted when it wrote this; a kill takes those that waited.
        created_at: Seconds since the epoch (UTC).
    """

    run: str
    writer: str
    number: int
    attempt: str
    rank: int = 0
    world_size: int = 1
    attempt_number: int = 0
    accepted: int = 0
    created_at: float = 0.0


@dataclass(frozen=True, slots=True)
class RunOpened:
    """A run, or a further attempt of it, begins.

    Attributes:
        project: Name of the project.
        name: Name of the run.
        framework: `"lightning 2.6.6"`, or None for a manual run.
        task: classification, multilabel, regression, sequence, unlabelled or custom; None while unknown.
        config: The user's configuration, JSON values only.
        tags: Names given to the run.
        environment: Host, pid, Python, versions, git commit, command line: JSON values only.
    """

    kind: ClassVar[str] = "run"
    project: str
    name: str
    framework: str | None = None
    task: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict[str, Any])
    tags: Sequence[str] = ()
    environment: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class RunClosed:
    """A writer ends.

    Attributes:
        status: finished, failed or interrupted.
        error: One sentence, for failed runs.
        receipt: What was captured, as `Receipt.as_json()` gives it.
    """

    kind: ClassVar[str] = "run"
    status: RunStatus
    error: str | None = None
    receipt: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class LayerNote:
    """What is said once of a layer, with each of its snapshots.

    Attributes:
        pooling: How `[B, …]` became `[B, d]`: "none", "mean over space", "mean over tokens" …
        reason: Why this layer was chosen, for people.
        default: True for the layer the dashboard opens first.
    """

    pooling: str = "none"
    reason: str = "named by the user"
    default: bool = False


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples of a split: their ids and what is known of them, in probe order.

    A split's samples may arrive in several records; a later record of a known id completes it.

    Attributes:
        split: Name of the split.
        ids: `[n]`.
        of: How many samples the dataset split holds (N of "n of N"); 0 if unknown.
        identity: How ids are known: dataset "index", the user's "key", a key made of the "content", or
            "order" (no ids: numbered).
        labels: `[n]` int64, float32 or object of str; None without labels.
        class_names: Names by class index; empty if unknown.
        images: n encoded images (WebP, PNG or JPEG bytes; None where missing), or None.
        texts: n texts (None where missing), or None.
        metadata: Name to `[n]` array: int64, float64, bool or object of str | None.
    """

    kind: ClassVar[str] = "samples"
    split: str
    ids: Ids
    of: int = 0
    identity: Identity = "index"
    labels: Array | None = None
    class_names: Sequence[str] = ()
    images: Sequence[bytes | None] | None = None
    texts: Sequence[str | None] | None = None
    metadata: Mapping[str, Array] = field(default_factory=dict[str, Array])


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Vectors of one layer at one step for the probe set of one split; may be a part of them.

    Attributes:
        layer: Qualified name of the layer.
        split: Name of the split.
        epoch: 0-based, as the framework counts; None for step-based training.
        step: Global optimizer step: with layer and split the key of the snapshot.
        ids: `[n]`.
        vectors: `[n, d]` float16 or float32.
        of: How many samples of the split the run follows.
        part: `[n]` int32, for boxes, tokens or views of one sample; None means all 0.
        ends: True in the last part of this rank: nothing more comes for this key.
        note: Said of the layer.
    """

    kind: ClassVar[str] = "snapshot"
    layer: str
    split: str
    epoch: int | None
    step: int
    ids: Ids
    vectors: Array
    of: int
    part: npt.NDArray[np.int32] | None = None
    ends: bool = True
    note: LayerNote = field(default_factory=LayerNote)


@dataclass(frozen=True, slots=True)
class Outputs:
    """What the model said of each sample of a split at one step; float32 but for the prediction.

    Attributes:
        split: Name of the split.
        epoch: 0-based; None for step-based training.
        step: Global optimizer step.
        ids: `[n]`.
        prediction: `[n]` int64, the class with the highest score.
        confidence: `[n]`, probability of the prediction.
        margin: `[n]`, probability of the label less that of the best other class (without a label:
            best less second best).
        cross_entropy: `[n]`, nats, of the label; NaN without a label.
        logits: `[n, C]` float32, or None where not kept.
        head: Whether `logits` holds logits or probabilities.
        ends: True in the last part of this rank.
    """

    kind: ClassVar[str] = "outputs"
    split: str
    epoch: int | None
    step: int
    ids: Ids
    prediction: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.float32]
    margin: npt.NDArray[np.float32]
    cross_entropy: npt.NDArray[np.float32]
    logits: npt.NDArray[np.float32] | None = None
    head: Head = "logits"
    ends: bool = True


@dataclass(frozen=True, slots=True)
class TrainingOutputs:
    """What the model said of each training sample as it trained on it, in one epoch.

    They come from the training's own passes: in training mode, of samples as they were augmented, while the
    weights moved. They never stand for the `Outputs` of a split, which one model gave for all samples.

    Attributes:
        split: Name of the split that is trained on.
        epoch: 0-based; None for step-based training.
        step: Global optimizer step at the end of the epoch.
        ids: `[n]`, each once.
        labels: `[n]` int32, class indices as they were in that epoch; -1 unknown.
        cross_entropy: `[n]` float32, nats, of the label: the label's probability is its exp(-); NaN unknown.
        other: `[n]` int32, the most probable class that is not the label.
        other_probability: `[n]` float32, its probability.
        of: How many samples the split holds; 0 if unknown.
    """

    kind: ClassVar[str] = "training_outputs"
    split: str
    epoch: int | None
    step: int
    ids: Ids
    labels: npt.NDArray[np.int32]
    cross_entropy: npt.NDArray[np.float32]
    other: npt.NDArray[np.int32]
    other_probability: npt.NDArray[np.float32]
    of: int = 0


@dataclass(frozen=True, slots=True)
class Columns:
    """Any per-sample numbers of a split at one step: name to `[n]` int64, float32/64, bool or str."""

    kind: ClassVar[str] = "columns"
    split: str
    epoch: int | None
    step: int
    ids: Ids
    columns: Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Projection:
    """2-D coordinates computed elsewhere: `xy` is `[n, 2]` float32."""

    kind: ClassVar[str] = "projection"
    layer: str
    split: str
    epoch: int | None
    step: int
    ids: Ids
    xy: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Metrics:
    """Logged scalars of one step: name to value (float64; NaN and infinities are kept)."""

    kind: ClassVar[str] = "metrics"
    epoch: int | None
    step: int
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class RunEvent:
    """Something that happened in a run, said in a sentence.

    Attributes:
        title: A few words.
        text: One sentence with figures; empty where the title says all.
        rule: Name of the rule that found it, which makes it an alarm; None for what a user reported.
        level: How bad it is.
        epoch: 0-based; None where only steps are counted.
        step: Global optimizer step.
        split: Name of the split it is about; None for the run.
        layer: Name of the layer it is about; None for the run or a split.
        figures: What the sentence says, name to number.
    """

    kind: ClassVar[str] = "events"
    title: str
    text: str
    rule: str | None
    level: Level
    epoch: int | None
    step: int
    split: str | None = None
    layer: str | None = None
    figures: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True, slots=True)
class Hidden:
    """The snapshots of a split at a step are shown no longer: there came more than the user wants to see.

    It concerns all layers, of the header's attempt only; what was written of them stays.
    """

    kind: ClassVar[str] = "hidden"
    split: str
    epoch: int | None
    step: int


@dataclass(frozen=True, slots=True)
class Notes:
    """What a user wrote of a run in the dashboard or a notebook.

    Attributes:
        change: "rename", "delete", "restore", "tag-run", "untag-run", "tag", "untag", "keep-view" or
            "forget-view".
        body: rename: `{"name"}`; tag-run, untag-run: `{"tag"}`; tag, untag: `{"split", "tag", "ids"}` with
            ids as strings; keep-view: `{"id", "name", "address"}`; forget-view: `{"id"}`.
    """

    kind: ClassVar[str] = "notes"
    change: Literal[
        "rename", "delete", "restore", "tag-run", "untag-run", "tag", "untag", "keep-view", "forget-view"
    ]
    body: Mapping[str, Any] = field(default_factory=dict[str, Any])


Record = (
    RunOpened
    | RunClosed
    | Samples
    | Snapshot
    | Outputs
    | TrainingOutputs
    | Columns
    | Projection
    | Metrics
    | RunEvent
    | Hidden
    | Notes
)


@dataclass(frozen=True, slots=True)
class Segment:
    """A header and its record: what one file holds."""

    header: Header
    record: Record
