"""The callback for Lightning's Trainer, from `lightning.pytorch` or `pytorch_lightning`.

```python
from chroma.integrations.lightning import ChromaCallback

trainer = Trainer(callbacks=[ChromaCallback()])
```
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from chroma.capture.layers import Layer
from chroma.capture.switch import is_disabled
from chroma.errors import MissingDependencyError
from chroma.integrations._batch import Columns, Pick
from chroma.integrations._fit import FitCapture
from chroma.integrations._options import CaptureOptions
from chroma.run import Run
from chroma.run.arguments import Dtype
from chroma.run.receipt import Receipt

_NAMESPACES = ("lightning.pytorch", "pytorch_lightning")


class CallbackHooks:
    """Captures the validation passes of `Trainer.fit`; the trained weights come out the same to the bit.

    Chroma's own errors are warned of once and never reach the training. `Trainer.validate`, `test` and
    `predict`, the sanity check and `fast_dev_run` are not captured.

    Args:
        project: Group of runs; by default the name of the git repository, or folder, one works in.
        name: Readable name of the run; by default one made of its id.
        run_id: Id of the run, else `CHROMA_RUN_ID`, else a new one; a known one continues that run.
        layers: "auto" (the input and output of the classifier head, else what looks like an embedding), or
            module names, globs, "name:input", `chroma.Layer`s.
        every: Epochs between snapshots, or steps as in "500 steps".
        max_samples: Most samples to follow in each validation set, the same ones all along; None for all.
        max_snapshots: Most snapshots to take, dense first, then at growing distance; None for all.
        dtype: Of stored vectors: "float16", or "float32".
        log_inputs: Keep inputs that look like images as thumbnails.
        silent: Print neither what was chosen at the first batch nor the receipt.
        ids: The user's own sample keys: a key of the batch, or a function of it; by default dataset indices,
            recorded from the DataLoader.
        labels: Labels, likewise; by default the second of an (x, y) batch, or a key like "label".
        inputs: Inputs to show, likewise; by default the first of an (x, y) batch, or a key like "image".
        metadata: Further columns: keys of the batch, or a function that gives name to `[B]` values.

    Raises:
        ConfigError: An argument cannot be used.
    """

    def __init__(
        self,
        *,
        project: str | None = None,
        name: str | None = None,
        run_id: str | None = None,
        layers: str | Layer | Sequence[str | Layer] = "auto",
        every: int | str = 1,
        max_samples: int | None = 10_000,
        max_snapshots: int | None = 40,
        dtype: Dtype = "float16",
        log_inputs: bool = True,
        silent: bool = False,
        ids: Pick | None = None,
        labels: Pick | None = None,
        inputs: Pick | None = None,
        metadata: Columns | None = None,
    ) -> None:
        super().__init__()
        self._options = CaptureOptions(
            project=project,
            name=name,
            run_id=run_id,
            layers=layers,
            every=every,
            max_samples=max_samples,
            max_snapshots=max_snapshots,
            dtype=dtype,
            log_inputs=log_inputs,
            silent=silent,
            ids=ids,
            labels=labels,
            inputs=inputs,
            metadata=metadata,
        )
        self._fit: FitCapture | None = None

    @property
    def run(self) -> Run | None:
        """The run of the last fit, None before the first."""
        return self._fit.run if self._fit else None

    @property
    def receipt(self) -> Receipt | None:
        """What the last fit captured, None before its end."""
        return self._fit.receipt if self._fit else None

    def __getstate__(self) -> dict[str, Any]:
        """The options only: a copy, or the same callback in a spawned process, follows its own fit."""
        return {**self.__dict__, "_fit": None}

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Listen to the validation loaders, before any of them is iterated."""
        self._fit = None
        if stage == "fit" and not trainer.fast_dev_run and not is_disabled():
            self._fit = FitCapture(self._options, trainer, pl_module)
            self._fit.guarded(self._fit.listen)

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        """Open the run."""
        if self._fit:
            self._fit.guarded(self._fit.open)

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        """Decide whether this pass is captured."""
        if self._fit and not trainer.sanity_checking:
            self._fit.guarded(self._fit.begin_validation)

    def on_validation_batch_start(
        self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Take ids, labels and inputs, and listen to the layers."""
        if self._fit and not trainer.sanity_checking:
            self._fit.guarded(self._fit.begin_batch, batch, batch_idx, dataloader_idx)

    def on_validation_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Check that the layers gave what they should."""
        if self._fit and not trainer.sanity_checking:
            self._fit.guarded(self._fit.end_batch)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Record the pass and the metrics it logged."""
        if self._fit and not trainer.sanity_checking:
            self._fit.guarded(self._fit.end_validation)
            self._fit.guarded(self._fit.log_metrics)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Record the metrics of the epoch."""
        if self._fit:
            self._fit.guarded(self._fit.log_metrics, of_epoch=True)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Close the run as failed or interrupted; the exception goes its way."""
        if self._fit:
            self._fit.guarded(self._fit.close, exception)

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        """Close the run and print the receipt."""
        if self._fit:
            self._fit.guarded(self._fit.close)

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Leave nothing of ours on the trainer or the model."""
        if self._fit:
            self._fit.guarded(self._fit.release)


def _callback_class(names: Sequence[str]) -> type[CallbackHooks]:
    """The callback as a subclass of the `Callback` of each namespace, so that every Trainer takes it."""
    bases = tuple(import_module(name).Callback for name in names)
    about = {"__module__": __name__, "__qualname__": "ChromaCallback", "__doc__": CallbackHooks.__doc__}
    return type("ChromaCallback", (CallbackHooks, *bases), about)


def __getattr__(name: str) -> Any:
    """Make `ChromaCallback` when first asked for it: of the namespaces in use, else of one installed."""
    if name != "ChromaCallback":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    used = [namespace for namespace in _NAMESPACES if namespace in sys.modules]
    installed = [namespace for namespace in _NAMESPACES if find_spec(namespace.partition(".")[0])]
    if not installed:
        raise MissingDependencyError("lightning", "lightning")
    made = globals()[name] = _callback_class(used or installed[:1])
    return made
