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
    """
    samples = f" · {n:,} of {of:,} samples" if n else ""
    lines = [f"chroma · {name}{samples}", *([f"  {about}"] if about else [])]
    for layer, dim, reason in layers:
        space = ""
        if n:
            space = f", {size_text(n * dim * size)} per snapshot"
            space += f", {size_text(n * dim * size * snapshots)} in all" if snapshots else ""
        lines += [f"  {layer}  [{dim:,}]{space}", f"    {reason}"]
    return "\n".join(lines)
