"""What a user may ask of a capture of PyTorch batches, the same for every way in; imports no PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chroma.capture.layers import Layer
from chroma.capture.options import RunOptions, Splits, Task
from chroma.capture.session import DEFAULT_MAX_SAMPLES, MaxSamples
from chroma.run.arguments import Dtype

if TYPE_CHECKING:
    from chroma.integrations._torch.batch import BatchReader, Columns, Forward, Pick


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureOptions(RunOptions):
    """Checked options; see `ChromaCallback` for what each means.

    Raises:
        ConfigError: An option cannot be used.
    """

    forward: Forward | None = None
    ids: Pick | None = None
    labels: Pick | None = None
    inputs: Pick | None = None
    metadata: Columns | None = None

    @property
    def takes_outputs(self) -> bool:
        """Whether outputs of a training's own batches are kept, if it proves to train a classifier."""
        return self.outputs and self.task in ("auto", "classification", "custom")

    def reader(self) -> BatchReader:
        """Reads batches as the user says."""
        from chroma.integrations._torch.batch import BatchReader

        return BatchReader(self.ids, self.labels, self.inputs, self.metadata, self.task)


class TakesOptions:
    """The constructor of the callbacks that capture PyTorch batches; each says what its arguments mean."""

    def __init__(
        self,
        *,
        project: str | None = None,
        name: str | None = None,
        run_id: str | None = None,
        tags: Sequence[str] = (),
        layers: str | Layer | Sequence[str | Layer] = "auto",
        splits: Splits = "auto",
        every: int | str = 1,
        max_samples: MaxSamples = DEFAULT_MAX_SAMPLES,
        max_snapshots: int | None = 40,
        dtype: Dtype = "float16",
        task: Task = "auto",
        log_inputs: bool = True,
        max_overhead: float | None = None,
        outputs: bool = True,
        alarms: bool = True,
        stop_on: Sequence[str] = (),
        silent: bool = False,
        forward: Forward | None = None,
        ids: Pick | None = None,
        labels: Pick | None = None,
        inputs: Pick | None = None,
        metadata: Columns | None = None,
    ) -> None:
        self._options = CaptureOptions(**CaptureOptions.picked(locals()))
        super().__init__()
