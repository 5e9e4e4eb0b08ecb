"""Builds the smallest model of each family of torchvision and timm, without weights.

Both may lie in a folder of their own: PYTHONPATH=… is enough.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

import timm
import torch
import torchvision
from torch.nn import functional as F

from tests.integrations.architectures.checking import B, Built, short

CLASSES = 3
_MOST_PARAMETERS = 40_000_000
_SMALL = re.compile(
    r"test|atto|femto|pico|nano|xxs|xxtiny|xtiny|tiny|xs|small|mini|_s\d?$|_s_|b0|0x?25|050|18|t0|s0"
)
_MOST_TRIED = 6  # of a family


def torchvision_families() -> dict[str, str]:
    """Name of each family to the kind of its models."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in torchvision.models.list_models():
        builder = torchvision.models.get_model_builder(name)
        found[builder.__module__.removeprefix("torchvision.models.")].append(name)
    return {f"torchvision {family}": " ".join(names) for family, names in found.items()}


def timm_families() -> dict[str, str]:
    """Name of each module of timm to its models, the likely small ones first."""
    found: dict[str, str] = {}
    for family in timm.list_modules():
        names = timm.list_models(module=family)
        names.sort(key=lambda name: (not _SMALL.search(name), [int(n) for n in re.findall(r"\d+", name)]))
        if names:
            found[f"timm {family}"] = " ".join(names[:_MOST_TRIED])
    return found


def build_torchvision(family: str, names: str) -> Built:
    """The smallest model of a family that can be built on the processor."""

    def make(name: str, **_: Any) -> Any:
        more = {"weights_backbone": None} if "detection" in family or "segmentation" in family else {}
        return torchvision.models.get_model(name, weights=None, num_classes=CLASSES, **more)

    return _smallest(make, names.split(), family)


def build_timm(family: str, names: str) -> Built:
    """The smallest model of one of timm's modules."""

    def make(name: str, **options: Any) -> Any:
        return timm.create_model(name, pretrained=False, num_classes=CLASSES, **options)

    return _smallest(make, names.split(), family)


def _smallest(make: Any, names: list[str], family: str) -> Built:
    sizes: dict[str, int] = {}
    why = ""
    for name in names:
        try:
            with torch.device("meta"):
                sizes[name] = sum(parameter.numel() for parameter in make(name).parameters())
        except TimeoutError:
            raise
        except Exception as error:  # noqa: BLE001
            why = why or short(error)
    for name in sorted(sizes, key=lambda name: sizes[name])[:2] or names[:1]:
        if sizes.get(name, 0) > _MOST_PARAMETERS:
            raise ValueError(f"{sizes[name] / 1e6:,.0f} million parameters")
        for side, options in ((64, {"img_size": 64}), (64, {}), (96, {}), (224, {}), (299, {})):
            try:
                torch.manual_seed(0)
                model = make(name, **options)
                built = _built(model, family, side)
                model.train()
                built.call(model, torch.utils.data.default_collate(built.samples[:B]))["loss"].backward()
                model.eval()
                built.call(model, torch.utils.data.default_collate(built.samples[:B]))
            except TimeoutError:
                raise
            except Exception as error:  # noqa: BLE001
                why = why or short(error)
                continue
            model.zero_grad()
            return built
    raise ValueError(why)


def _built(model: Any, family: str, side: int) -> Built:
    random = torch.Generator().manual_seed(1)
    shape = (2 * B, 3, 8, side, side) if "video" in family else (2 * B, 3, side, side)
    images = torch.randn(shape, generator=random)
    dense = "segmentation" in family or "optical_flow" in family or "detection" in family
    samples = [(image, number % CLASSES) for number, image in enumerate(images)]

    def call(model: Any, batch: Any) -> Any:
        given = model(batch[0])
        logits = getattr(given, "logits", given)
        logits = logits["out"] if isinstance(logits, dict) else logits
        logits = logits[0] if isinstance(logits, (list, tuple)) else logits
        target = batch[1] if logits.ndim == 2 else batch[1][:, None, None].expand(-1, *logits.shape[2:])
        return {"loss": F.cross_entropy(logits, target), "logits": logits}

    return Built(model, samples, call, classifies=not dense)
