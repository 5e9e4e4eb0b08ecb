"""Whether a fit joins the run of an earlier one, and how its epochs are counted then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chroma.capture.joined import earlier_fit, numbered_name, remember, what_must_be_same
from chroma.integrations._keras.options import KerasOptions

_DATA = ("x", "y", "sample_weight", "validation_data", "validation_split")  # arguments of `fit`


@dataclass
class Joining:
    """The run that a call belongs to.

    Attributes:
        run_id: The run of an earlier call; None for a new one.
        epochs_before: Epochs of earlier fits in that run, which Keras does not count.
        about: What a later fit must share to join this run.
    """

    run_id: str | None
    epochs_before: int = 0
    about: Any = None

    def join(self, options: KerasOptions, model: Any, arguments: Mapping[str, Any]) -> None:
        """A fit begins: join the run of an earlier one, if this one goes on with it."""
        given = {name: arguments.get(name) for name in _DATA}
        counter = getattr(model, "optimizer", None)
        self.about = what_must_be_same(options.name, options.run_id, counter, given)
        if earlier := earlier_fit(model, self.about):
            first = arguments.get("initial_epoch", 0)
            self.run_id = earlier.run_id
            self.epochs_before = 0 if first > earlier.epoch else earlier.epoch + 1 - first

    def run_options(self, options: KerasOptions) -> dict[str, Any]:
        """What a `Run` takes of the options, with the id and the name that it gets."""
        name = numbered_name(options.project, options.name, self.run_id)
        return {**options.run(), "run_id": self.run_id, "name": name}

    def remember(self, model: Any, run_id: str, epoch: int) -> None:
        """The fit has ended well."""
        remember(model, self.about, run_id, epoch)
