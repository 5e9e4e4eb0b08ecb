"""The loaders of Hugging Face's Trainer: which one is iterated, and of which of its evaluation datasets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chroma.integrations._torch.no_trace import random_states_kept
from chroma.integrations._torch.wrapped_loaders import read_instead


class EvaluationLoaders:
    """The loaders that the trainer makes for an evaluation, by number of their dataset.

    Args:
        trainer: The Trainer.

    Attributes:
        made: The loaders of the running evaluation, by number.
        number: Number of the loader that is iterated now; None if it goes over other samples.
    """

    def __init__(self, trainer: Any) -> None:
        self._trainer = trainer
        self.made: dict[int, Any] = {}
        self.number: int | None = None

    def current(self) -> Any:
        """The loader that is iterated now; None if there is none."""
        return self.made.get(self.number or 0)

    def number_of(self, dataset: Any) -> int | None:
        """Which of the trainer's own evaluation datasets is meant; None if it is another."""
        own = self._trainer.eval_dataset
        if isinstance(dataset, str):
            return list(own).index(dataset)
        if isinstance(own, Mapping):
            known = [id(each) for each in own.values()]
            return known.index(id(dataset)) if id(dataset) in known else None
        return 0 if dataset is None or dataset is own else None

    def all(self) -> list[Any]:
        """The loaders of the running evaluation, in order; without one, loaders as it would have them."""
        return [self.made[number] for number in sorted(self.made)] or self._unused()

    def clear(self) -> None:
        """The evaluation is over."""
        self.made.clear()
        self.number = None

    def _unused(self) -> list[Any]:
        """Loaders as an evaluation would have them, of which the trainer does not learn."""
        trainer = self._trainer
        own = trainer.eval_dataset
        prepared: list[Any] = trainer.accelerator._dataloaders
        known = len(prepared)
        with random_states_kept():
            made = [
                trainer.get_eval_dataloader(name) for name in (own if isinstance(own, Mapping) else [None])
            ]
        del prepared[known:]
        return [read_instead(loader) for loader in made]
