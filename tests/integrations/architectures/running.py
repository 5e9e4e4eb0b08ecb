"""Processes that build and check models, one after another, and can be ended."""

from __future__ import annotations

import logging
import multiprocessing
import os
import warnings
from collections.abc import Callable
from typing import Any

from tests.integrations.architectures.checking import Found, check, short

_LOG = logging.getLogger(__name__)


def sources() -> dict[str, tuple[Callable[[], dict[str, str]], Callable[[str, str], Any]]]:
    """By library: what gives the names of models, and what builds one."""
    from tests.integrations.architectures import building

    found: dict[str, Any] = {"transformers": (building.classes, building.build)}
    try:
        from tests.integrations.architectures import vision
    except ImportError as error:
        _LOG.warning("without torchvision and timm: %s", error)
    else:
        found["torchvision"] = (vision.torchvision_families, vision.build_torchvision)
        found["timm"] = (vision.timm_families, vision.build_timm)
    return found


def names_of_all(pipe: Any) -> None:
    _quiet()
    pipe.send(
        [(source, name, kind) for source, (names, _) in sources().items() for name, kind in names().items()]
    )


def work(pipe: Any, todo: list[tuple[str, str, str]]) -> None:
    _quiet()
    known = sources()
    for source, name, kind in todo:
        try:
            found = check(name, known[source][1](name, kind))
        except Exception as error:  # noqa: BLE001  # the reason stands in the table
            found = Found(name, why=f"not built: {short(error) if type(error) is not ValueError else error}")
        pipe.send((source, found))


def _quiet() -> None:
    import torch
    import transformers

    warnings.filterwarnings("ignore")
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)
    os.environ["CHROMA_STRICT"] = "0"
    os.environ["HF_HUB_OFFLINE"] = "1"


def started(target: Any, *args: Any) -> tuple[Any, Any]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=target, args=(theirs, *args), daemon=True)
    process.start()
    theirs.close()
    return process, ours
