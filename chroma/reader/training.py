"""What a run's training said of its own samples, as a table; a mixin of `StoredRun`."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from chroma.reader._tables import table
from chroma.reader.connection import Connection

if TYPE_CHECKING:
    import pandas as pd


class TrainingMethods:
    """The methods of a stored run that tell of the training's own batches."""

    id: str
    _connection: Connection

    def training_outputs(self, split: str = "train", epoch: int | None = None) -> pd.DataFrame:
        """Read what a classifier said of each training sample as it trained on it.

        Of every sample, whatever `max_samples`: in training mode, as it was augmented, while weights moved.

        Args:
            split: The split that is trained on.
            epoch: One epoch only; None for all.

        Returns:
            One row for each epoch and sample: epoch, step, id, label (class index; missing where unknown),
            prediction, p_label, other (the most probable class that is not the label), p_other. Empty where
            nothing was kept, as with `outputs=False`.

        Raises:
            NotFoundError: The run is gone.

        Example:
            ```python
            of_epochs = chroma.open().run("latest").training_outputs()
            of_epochs.groupby("id")["p_label"].mean().nsmallest(20)  # what was learned least
            ```
        """
        asked = {"split": split} | ({} if epoch is None else {"epoch": str(int(epoch))})
        path = f"/api/runs/{quote(self.id, safe='')}/training-outputs"
        return table(self._connection.bytes(path, **asked)).to_pandas()
