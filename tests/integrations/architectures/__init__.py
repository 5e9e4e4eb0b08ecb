"""What is captured of models that others wrote: trained two steps each, with and without capture."""

from importlib.util import find_spec
from pathlib import Path

import torch


def _declare_operators() -> list[torch.library.Library]:
    """Declare the operators of torchvision where its C++ part cannot be loaded, as without the CUDA it needs.

    To be called before anything imports torchvision, which would break off. No model here calls them.
    """
    spec = find_spec("torchvision")
    if spec is None or spec.origin is None:
        return []
    try:
        torch.ops.load_library(str(Path(spec.origin).parent / "_C.so"))
    except OSError:
        library = torch.library.Library("torchvision", "FRAGMENT")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        return [library]
    return []


OPERATORS = _declare_operators()  # they last as long as this list
