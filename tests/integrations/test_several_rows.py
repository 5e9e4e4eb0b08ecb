"""Batches in which a sample has several rows, of which the model takes all at once: the first is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from tests.integrations.digits import outputs, snapshots
from tests.integrations.test_watch import watching

pytestmark = pytest.mark.lightning
N, B, CHOICES = 32, 16, 4


class Choosing(nn.Module):
    """Scores each choice of a question, as Hugging Face's models for multiple choice do."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.score = nn.Embedding(50, 8), nn.Linear(8, 1)

    def forward(self, input_ids: Tensor, **_: Any) -> Tensor:
        flat = input_ids.view(-1, input_ids.shape[-1])
        return self.score(self.embed(flat).mean(1)).view(-1, input_ids.shape[1])


class Preferring(nn.Module):
    """Scores the chosen and the rejected answer in one pass, as trainings on preferences do."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.reward = nn.Embedding(50, 8), nn.Linear(8, 1)

    def forward(self, input_ids: Tensor) -> Tensor:
        return self.reward(self.embed(input_ids).mean(1))


class Crops(nn.Module):
    """A classifier of images, which is called on all crops of each at once."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Conv2d(3, 8, 3), nn.Linear(8, 5)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.body(images).relu().mean((2, 3)))


def tokens(*shape: int) -> Tensor:
    return torch.randint(0, 50, shape, generator=torch.Generator().manual_seed(1))


def captured(model: nn.Module, samples: Any, forward: Any, home: Path, layer: str) -> Any:
    loader = DataLoader(samples, B, shuffle=True)
    with watching(model, loader, forward=forward, dtype="float32") as watch:
        watch.snapshot(epoch=0)
    assert watch.receipt.missing == {}
    (found,) = snapshots(home, layer)
    return found


def test_of_the_choices_of_a_question_the_first_is_taken(home: Path) -> None:
    model, questions = Choosing().eval(), tokens(N, CHOICES, 7)
    samples = [{"input_ids": each, "labels": number % CHOICES} for number, each in enumerate(questions)]
    found = captured(model, samples, lambda m, batch: m(**batch), home, "score:input")
    assert found.ids.tolist() == list(range(N))
    with torch.no_grad():
        np.testing.assert_allclose(found.vectors, model.embed(questions[:, 0]).mean(1), atol=1e-6)
    assert found.note.reason.endswith("of the first of the 4 rows that a sample has there")
    assert not outputs(home)  # the score of one choice is no prediction


def test_of_preferences_the_chosen_answer_is_taken(home: Path) -> None:
    model, chosen, rejected = Preferring().eval(), tokens(N, 7), tokens(2 * N, 7)[N:]
    samples = [
        {"chosen_input_ids": one, "rejected_input_ids": other}
        for one, other in zip(chosen, rejected, strict=True)
    ]

    def forward(m: nn.Module, batch: Any) -> Any:
        return m(torch.cat([batch["chosen_input_ids"], batch["rejected_input_ids"]]))

    found = captured(model, samples, forward, home, "reward:input")
    assert found.ids.tolist() == list(range(N))
    with torch.no_grad():
        np.testing.assert_allclose(found.vectors, model.embed(chosen).mean(1), atol=1e-6)
    assert "of the first of the 2 rows" in found.note.reason


def test_of_several_crops_the_first_is_taken(home: Path) -> None:
    torch.manual_seed(1)
    model, crops = Crops().eval(), torch.randn(N, 5, 3, 6, 6)
    samples = [(each, number % 5) for number, each in enumerate(crops)]
    found = captured(model, samples, lambda m, batch: m(batch[0].flatten(0, 1)), home, "head:input")
    assert found.ids.tolist() == list(range(N))
    with torch.no_grad():
        np.testing.assert_allclose(found.vectors, model.body(crops[:, 0]).relu().mean((2, 3)), atol=1e-6)
        np.testing.assert_array_equal(outputs(home)[0].prediction, model(crops[:, 0]).argmax(1))


def test_what_has_one_row_for_each_sample_is_taken_whole(home: Path) -> None:
    """The frames of a video go through one layer, the video through the next."""

    class Video(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.frame, self.head = nn.Linear(6, 8), nn.Linear(8, 5)

        def forward(self, frames: Tensor) -> Tensor:
            return self.head(self.frame(frames.flatten(0, 1)).view(*frames.shape[:2], 8).mean(1))

    torch.manual_seed(1)
    model, frames = Video().eval(), torch.randn(N, 4, 6)
    samples = [(each, number % 5) for number, each in enumerate(frames)]
    found = captured(model, samples, lambda m, batch: m(batch[0]), home, "head:input")
    with torch.no_grad():
        np.testing.assert_allclose(found.vectors, model.frame(frames).mean(1), atol=1e-6)
    assert "rows that a sample has" not in found.note.reason
