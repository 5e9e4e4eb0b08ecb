"""Which layer and which snapshot a user means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chroma.errors import ConfigError, NotFoundError


def pick_layer(layers: Sequence[dict[str, Any]], name: str) -> str:
    """The name of the layer `name`; `"auto"` is the default one, else the first.

    Raises:
        NotFoundError: There is none.
    """
    known = [layer["name"] for layer in layers]
    if name in known:
        return name
    if name == "auto" and known:
        return next((layer["name"] for layer in layers if layer["default"]), known[0])
    raise NotFoundError("layer", name, known)


def pick_snapshot(
    snapshots: Sequence[dict[str, Any]], whose: str, epoch: int, step: int | None
) -> dict[str, Any]:
    """The published snapshot that `epoch` or `step` names.

    Args:
        snapshots: Those of one layer and split.
        whose: The layer and split, for the error's sentence.
        epoch: Its last snapshot; -1 is the last of all.
        step: Instead of an epoch.

    Raises:
        ConfigError: Both an epoch and a step are given.
        NotFoundError: There is none.
    """
    if step is not None and epoch != -1:
        raise ConfigError(
            f"epoch={epoch} and step={step} are two ways to name one snapshot; give one of them"
        )
    published = sorted(
        (snapshot for snapshot in snapshots if snapshot["status"] != "OPEN"),
        key=lambda snapshot: snapshot["step"],
    )
    if not published:
        raise NotFoundError("snapshot", whose)
    if step is None and epoch == -1:
        return published[-1]
    kind, wanted = ("epoch", epoch) if step is None else ("step", step)
    by_name = {snapshot[kind]: snapshot for snapshot in published}  # of an epoch the last one stays
    if wanted not in by_name:
        raise NotFoundError(kind, wanted, map(str, by_name))
    return by_name[wanted]
