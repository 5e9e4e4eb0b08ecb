"""What a user may ask of a capture of PyTorch batches, the same for every way in."""

from __future__ import annotations

from dataclasses import dataclass

from chroma.capture.options import RunOptions
from chroma.integrations._batch import BatchReader, Columns, Pick


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureOptions(RunOptions):
    """Checked options; see `ChromaCallback` for what each means.

    Raises:
        ConfigError: An option cannot be used.
    """

    ids: Pick | None = None
    labels: Pick | None = None
    inputs: Pick | None = None
    metadata: Columns | None = None

    def reader(self) -> BatchReader:
        """Reads batches as the user says."""
        return BatchReader(self.ids, self.labels, self.inputs, self.metadata)
