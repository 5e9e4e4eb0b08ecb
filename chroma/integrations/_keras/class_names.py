"""Names of the classes, where a source of samples tells them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from chroma.integrations._sources.generators import is_a

_ATTRIBUTES = ("class_names", "classes")


def class_names_in(arguments: Mapping[str, Any]) -> Sequence[str]:
    """Names of the classes by index, of the first source of a call that has them.

    `image_dataset_from_directory` and its like set them as `class_names`, which datasets made from theirs
    have no more.
    """
    for argument in ("validation_data", "x"):
        for source in _and_below(arguments.get(argument)):
            for attribute in _ATTRIBUTES:
                names = getattr(source, attribute, None)
                if isinstance(names, (list, tuple)) and len(cast("Sequence[Any]", names)) > 1:
                    return [str(name) for name in cast("Sequence[Any]", names)]
    return ()


def _and_below(source: Any) -> Iterator[Any]:
    if source is None or isinstance(source, (list, tuple, dict)):
        return
    yield source
    if is_a(source, "tensorflow", "DatasetV2"):
        for each in source._inputs():
            yield from _and_below(each)
    elif is_a(source, "torch.utils.data", "DataLoader") or is_a(source, "torch.utils.data", "Subset"):
        yield from _and_below(source.dataset)
