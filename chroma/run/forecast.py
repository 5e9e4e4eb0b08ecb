"""The forecast: what will be captured, printed at the first batch."""

from __future__ import annotations

from collections.abc import Sequence

from chroma.run.printing import size_text


def forecast(
    name: str,
    layers: Sequence[tuple[str, int, str]],
    *,
    n: int,
    of: int,
    size: int,
    snapshots: int | None,
    about: str = "",
    split: str = "",
    at_most: bool = False,
) -> str:
    """What is said at the first batch: what will be captured, why, and how much space it takes.

    Args:
        name: Name of the run.
        layers: Name, values per sample and reason of each layer.
        n: Samples that are followed, 0 if unknown.
        of: Samples the dataset split holds.
        size: Bytes of a value.
        snapshots: How many snapshots are expected, None if unknown.
        about: Where labels are, and which layer is the head.
        split: Name of the split whose first batch it is.
        at_most: Whether `n` is the most that can come: a sampler or a limit of the trainer may bring fewer.
    """
    samples = f"{'up to ' * at_most}{n:,} of {of:,} samples" if n else ""
    head = " · ".join(part for part in ("chroma", name, ": ".join(filter(None, (split, samples)))) if part)
    lines = [head, *([f"  {about}"] if about else [])]
    said: set[str] = set()
    for layer, dim, reason in layers:
        parts = reason.split("; ")
        new = "; ".join(part for part in parts if part not in said)
        said.update(parts)
        space = ""
        if n:
            space = f", {size_text(n * dim * size)} per snapshot"
            space += f", {size_text(n * dim * size * snapshots)} in all" if snapshots else ""
        lines += [f"  {layer}  [{dim:,}]{space}", *([f"    {new}"] if new else [])]
    return "\n".join(lines)
