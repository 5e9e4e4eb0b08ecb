"""Where features stand in what a layer gives: the module that gave it tells, its shape alone does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from chroma.integrations._torch.channels import ChannelsSeen, arranged
from chroma.records import Outputs, Snapshot
from tests.integrations.digits import written
from tests.integrations.test_watch import watching

pytestmark = pytest.mark.lightning
B = 16


def captured(model: nn.Module, x: Tensor, home: Path, layers: Any) -> dict[str, Any]:
    """The rows of some layers by name, and the outputs under ""."""
    data = TensorDataset(x, torch.arange(len(x)) % 3)
    with watching(model, DataLoader(data, B), layers=layers, dtype="float32") as watch:
        watch.snapshot(epoch=0)
    found: dict[str, Any] = {each.layer: each for each in written(home) if isinstance(each, Snapshot)}
    found[""] = [record for record in written(home) if isinstance(record, Outputs)]
    return found


class Series(nn.Module):
    """A classifier of series whose head is a convolution, averaged over time."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.act, self.head = nn.Conv1d(6, 12, 3), nn.ReLU(), nn.Conv1d(12, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.act(self.conv(x))).mean(2)


class Map(nn.Module):
    """Works on images with their features last, as Swin and ConvNeXt do."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.norm, self.head = nn.Linear(6, 12), nn.LayerNorm(12), nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.norm(self.embed(x.permute(0, 2, 3, 1))).mean((1, 2)))


def test_series_are_averaged_over_time_and_a_convolution_may_be_the_head(home: Path) -> None:
    torch.manual_seed(1)
    model, x = Series().eval(), torch.randn(2 * B, 6, 20)
    found = captured(model, x, home, ["conv", "act", "head", "head:input"])
    with torch.no_grad():
        features = model.conv(x)
        np.testing.assert_allclose(found["conv"].vectors, features.mean(2), atol=1e-5)
        np.testing.assert_allclose(found["act"].vectors, features.relu().mean(2), atol=1e-5)
        np.testing.assert_allclose(found["head:input"].vectors, features.relu().mean(2), atol=1e-5)
        np.testing.assert_array_equal(found[""][0].prediction, model(x).argmax(1))
    assert {found[name].note.pooling for name in ("conv", "act", "head")} == {"mean over space"}


def test_images_with_their_features_last_are_averaged_over_space(home: Path) -> None:
    torch.manual_seed(1)
    model, x = Map().eval(), torch.randn(2 * B, 6, 5, 4)
    found = captured(model, x, home, ["embed", "norm"])
    with torch.no_grad():
        features = model.embed(x.permute(0, 2, 3, 1))
        np.testing.assert_allclose(found["embed"].vectors, features.mean((1, 2)), atol=1e-5)
        np.testing.assert_allclose(found["norm"].vectors, model.norm(features).mean((1, 2)), atol=1e-5)
    assert "not known" not in found["norm"].note.reason


class Folded(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(len(x), 6, 10)


def test_where_nothing_tells_the_reason_says_what_is_taken_for_features(home: Path) -> None:
    model = nn.Sequential(Folded(), nn.Flatten(), nn.Linear(60, 3))
    found = captured(model, torch.randn(2 * B, 60), home, ["0"])
    assert found["0"].note.reason.endswith(
        "which of its axes are features is not known: they are taken for [samples, places, features], "
        "chroma.Layer(name, pool=function) decides"
    )


class ImageNorm(nn.LayerNorm):
    """A norm of images, as torchvision and timm have it."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


@pytest.mark.parametrize(
    ("module", "shape", "channels"),
    [
        (nn.Conv1d(3, 8, 3), (4, 8, 20), "first"),
        (nn.BatchNorm1d(8), (4, 8, 8), "first"),
        (nn.LSTM(3, 4, bidirectional=True), (4, 7, 8), "last"),
        (nn.Linear(3, 8), (4, 5, 6, 8), "last"),
        (nn.LayerNorm(8), (4, 8, 8), "last"),
        (nn.LayerNorm((8, 8)), (4, 8, 8), ""),
        (ImageNorm(8), (4, 8, 5, 5), "first"),
        (ImageNorm(8), (4, 8, 8, 8), ""),  # its own forward may make another thing of either axis
        (nn.TransformerEncoderLayer(8, 2), (4, 7, 8), "last"),
        (nn.MaxPool1d(2), (4, 8, 10), "first"),
        (nn.ReLU(), (4, 8, 20), ""),
        (nn.Linear(3, 8), (4, 8), ""),
    ],
)
def test_the_kind_of_a_module_tells(module: nn.Module, shape: tuple[int, ...], channels: str) -> None:
    assert ChannelsSeen().of(module, torch.zeros(shape), of_input=False) == channels


def test_modules_that_differ_about_a_shape_leave_it_open() -> None:
    seen, value = ChannelsSeen(), torch.zeros(4, 8, 8)
    seen.of(nn.Conv1d(3, 8, 3), value, of_input=False)
    assert seen.of(nn.ReLU(), value, of_input=False) == "first"
    seen.of(nn.Linear(3, 8), value, of_input=False)
    assert seen.of(nn.ReLU(), value, of_input=False) == ""


def test_places_that_are_the_tokens_of_a_mask_stay_tokens() -> None:
    value = torch.zeros(4, 8, 7)
    assert arranged(value, "first", torch.ones(4, 7)).shape == (4, 7, 8)
    assert arranged(value, "first").shape == (4, 8, 7, 1)
