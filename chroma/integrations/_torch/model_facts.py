"""What a PyTorch model says of itself: how many scores its head gives, and what its loss compares."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from torch import nn

from chroma.capture.heads import Loss

_CLASSIFIER = re.compile(r"For\w*Classification$")  # as Hugging Face names its models
_OF_CLASSES = (nn.CrossEntropyLoss, nn.NLLLoss, nn.BCELoss, nn.BCEWithLogitsLoss)
_OF_QUANTITIES = (
    *(nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss, nn.HuberLoss),
    *(nn.PoissonNLLLoss, nn.GaussianNLLLoss),
)


def declared_scores(model: nn.Module) -> int:
    """How many scores the head of a classifier of Hugging Face gives by its configuration; 0 elsewhere."""
    for module in model.modules():
        number = getattr(getattr(module, "config", None), "num_labels", None)
        if isinstance(number, int) and any(
            _CLASSIFIER.search(base.__name__) for base in type(module).__mro__
        ):
            return number
    return 0


def declared_names(model: nn.Module) -> Sequence[str]:
    """Names of the classes that the configuration of a classifier of Hugging Face gives; () elsewhere."""
    for module in model.modules():
        names = getattr(getattr(module, "config", None), "id2label", None)
        if isinstance(names, Mapping) and any(
            _CLASSIFIER.search(base.__name__) for base in type(module).__mro__
        ):
            by_index = cast("Mapping[Any, Any]", names)
            given = [str(by_index.get(index)) for index in range(len(by_index))]
            made_up = all(name == f"LABEL_{index}" for index, name in enumerate(given))
            return () if made_up or len(given) == 1 else given
    return ()


def loss_of(model: nn.Module) -> Loss:
    """What the losses that a model holds as modules compare; "unknown" without, or where they differ."""
    found: set[Loss] = set()
    for module in model.modules():
        if isinstance(module, _OF_CLASSES):
            found.add("classes")
        elif isinstance(module, _OF_QUANTITIES):
            found.add("quantities")
        elif type(module).__module__ == "torch.nn.modules.loss":
            found.add("unknown")
    return found.pop() if len(found) == 1 else "unknown"
