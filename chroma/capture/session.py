"""A capture session: the splits of a run and the samples it follows in each. Knows no framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from chroma.capture.buffers import MakeBuffer, host_buffer
from chroma.capture.limits import is_whole
from chroma.capture.passes import SplitPass
from chroma.capture.probe import ProbeSet
from chroma.capture.splits import Dealt, Split
from chroma.errors import ConfigError
from chroma.records import Identity
from chroma.run.recording import Recording

MaxSamples = int | None | Mapping[str, int | None]
DEFAULT_MAX_SAMPLES = 10_000
SPLITS = ("train", "val", "test", "predict")  # of trainers; users may name others


def max_samples_of(split: str, given: MaxSamples) -> int | None:
    """How many samples of a split may be followed; None for all.

    Args:
        split: Its name; of "val:1" what is said of "val" holds too.
        given: One number for all splits, or by name, where splits not named have the default of 10,000.

    Raises:
        ConfigError: A number is less than 1, or is none.
    """
    for number in given.values() if isinstance(given, Mapping) else (given,):
        if number is not None and not (is_whole(number) and number >= 1):
            raise ConfigError(f"max_samples={given!r} cannot be used; give 1 or more, or None for all")
    if not isinstance(given, Mapping):
        return given
    return given.get(split, given.get(split.partition(":")[0], DEFAULT_MAX_SAMPLES))


class CaptureSession:
    """Turns passes over splits into records.

    Args:
        recording: Where records go.
        max_samples: Most samples to follow in each split over all processes, or by name of the split; None
            for all.
        log_inputs: Whether integrations give inputs; those that look like images are kept.
        make_buffer: Makes what gathers a layer's values; by default for NumPy arrays.
        processes: How many train together, each of which captures its own batches.
    """

    def __init__(
        self,
        recording: Recording,
        *,
        max_samples: MaxSamples,
        log_inputs: bool,
        make_buffer: MakeBuffer = host_buffer,
        processes: int = 1,
    ) -> None:
        max_samples_of("val", max_samples)  # refuses what cannot be used
        self.recording = recording
        self._max_samples = max_samples
        self.log_inputs = log_inputs
        self._make_buffer = make_buffer
        self._processes = processes
        self._splits: dict[str, Split] = {}

    def begin(
        self,
        split: str,
        epoch: int | None,
        step: int,
        *,
        identity: Identity,
        of: int = 0,
        class_names: Sequence[str] = (),
        dealt: Callable[[], Dealt | None] | None = None,
    ) -> SplitPass:
        """Begin a pass over a split.

        Args:
            split: Name of the split.
            epoch: 0-based.
            step: Global optimizer step.
            identity: How ids are known; what the first pass says counts.
            of: Samples the dataset split holds; 0 if unknown.
            class_names: Names of the classes, by index.
            dealt: Gives all samples that a sampler draws from anew in each pass, None if they are not known;
                None where each process keeps its own samples.
        """
        if split not in self._splits:
            self._splits[split] = self._new_split(split, identity, of, class_names, dealt)
            self.recording.tally.identity[split] = identity
        return SplitPass(self.recording, self._splits[split], epoch, step, self._make_buffer)

    def _new_split(
        self,
        name: str,
        identity: Identity,
        of: int,
        class_names: Sequence[str],
        dealt: Callable[[], Dealt | None] | None,
    ) -> Split:
        """A split whose samples are chosen as they come, or at once where each pass deals them out anew."""
        most = max_samples_of(name, self._max_samples)
        share = most and -(-most // self._processes)
        among = dealt() if dealt is not None and identity == "index" else None
        if among is not None and (self._processes > 1 or among.redraws):
            probe = ProbeSet.among(among.ids, most)
            came = np.zeros(len(probe), bool)
            described = came.copy() if among.redraws else None
            return Split(name, probe, identity, of, class_names, share, came=came, described=described)
        if dealt is not None and self._processes > 1 and name.partition(":")[0] == "train":
            self.recording.tally.note(
                f"{name} processes",
                f"{name}: each process follows the samples of its first pass; those that a later pass deals "
                "out to another process are missing from it",
            )
        return Split(name, ProbeSet(share), identity, of, class_names, share)
