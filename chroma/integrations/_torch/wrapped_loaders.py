"""DataLoaders below what Fabric, accelerate, timm and others wrap around them."""

from __future__ import annotations

from typing import Any, cast

from torch.utils.data import DataLoader

_PASSED_ON = {  # by class: where it keeps the loader whose batches it passes on, on another device at most
    "_FabricDataLoader": "_dataloader",
    "DataLoaderShard": "base_dataloader",
    "DataLoaderDispatcher": "base_dataloader",
}


def read_instead(loader: Any) -> Any:
    """The loader to read in place of a wrapper, so that the wrapper does not count a pass that is ours.

    Fabric's counts passes for the sampler's epoch, and accelerate's tells optimizers where an epoch ends.
    """
    while (attribute := _PASSED_ON.get(type(loader).__name__)) is not None:
        loader = getattr(loader, attribute)
    return loader


def loader_in(loader: Any) -> Any:
    """The DataLoader that gives a loader's batches: itself, or the one that an object around it holds."""
    loader = read_instead(loader)
    if isinstance(loader, DataLoader):
        return cast("DataLoader[Any]", loader)
    held = [read_instead(each) for each in getattr(loader, "__dict__", {}).values()]
    inner = {id(each): each for each in held if isinstance(each, DataLoader)}
    if len(inner) != 1:
        return loader
    (found,) = inner.values()
    return found if _length(loader) in (None, _length(found)) else loader


def _length(loader: Any) -> int | None:
    try:
        return len(loader)
    except (TypeError, NotImplementedError):
        return None
