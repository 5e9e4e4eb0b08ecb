"""A sample of the architectures that `docs/architectures.md` shows, of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from tests.integrations.architectures.building import build, classes
from tests.integrations.architectures.checking import Built, check
from tests.integrations.architectures.page import PAGE, table
from tests.integrations.test_transformers import pytestmark as transformers_marks

pytestmark = [*transformers_marks, pytest.mark.filterwarnings("ignore")]  # of the models, which are many


@pytest.mark.parametrize(
    ("name", "layer", "width", "head"),
    [
        ("BertForSequenceClassification", "classifier:input", 32, "yes"),
        ("LlamaForSequenceClassification", "score:input", 32, "yes"),  # of the last token
        ("EuroBertForSequenceClassification", "classifier:input", 32, "yes"),  # mean of tokens' logits
        ("BartForSequenceClassification", "classification_head.out_proj:input", 32, "yes"),
        ("ViTForImageClassification", "classifier:input", 32, "yes"),
        ("ResNetForImageClassification", "classifier.1:input", 128, "yes"),
        ("Wav2Vec2ForSequenceClassification", "classifier:input", 256, "yes"),
        ("GPT2LMHeadModel", "lm_head:input", 32, ""),
        ("T5ForConditionalGeneration", "lm_head:input", 32, ""),
        ("BertForTokenClassification", "classifier:input", 32, ""),
        ("CLIPModel", "text_projection:input", 32, ""),
        ("MambaModel", "norm_f", 32, ""),
    ],
)
def test_layers_are_chosen_rows_are_a_hooks_and_weights_are_the_same(
    home: Path, name: str, layer: str, width: int, head: str
) -> None:
    found = check(name, build(name, classes()[name]))
    assert (found.why, found.fault) == ("", False)
    assert (found.layer, found.width, found.head) == (layer, width, head)


class Tagger(nn.Module):
    """A head over tokens, of which one way leaves one row per sample."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way = way
        self.embedding, self.body, self.head = nn.Embedding(20, 8), nn.Linear(8, 6), nn.Linear(6, 3)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        scores = self.head(self.body(self.embedding(input_ids)).tanh())
        logits = {
            "first": lambda: scores[:, 0],
            "last": lambda: scores[torch.arange(len(scores)), attention_mask.sum(1) - 1],
            "mean": lambda: (scores * attention_mask[..., None]).sum(1) / attention_mask.sum(1, keepdim=True),
            "largest": lambda: scores.amax(1),
        }[self.way]()
        return {"loss": nn.functional.cross_entropy(logits, labels), "logits": logits}


def tagged(way: str) -> Built:
    torch.manual_seed(1)
    mask = torch.ones(8, 5, dtype=torch.long)
    mask[::3, 3:] = 0
    words = torch.randint(20, (8, 5))
    samples = [
        {"input_ids": words[row], "attention_mask": mask[row], "labels": torch.tensor(row % 3)}
        for row in range(8)
    ]
    return Built(Tagger(way), samples, lambda model, batch: model(**batch), classifies=True)


@pytest.mark.parametrize("way", ["first", "last", "mean", "largest"])
def test_a_head_over_tokens_is_taken_where_the_model_takes_it(home: Path, way: str) -> None:
    found = check("Tagger", tagged(way))
    assert (found.why, found.layer, found.width) == ("", "head:input", 6)
    assert (found.head == "yes") == (way != "largest")  # the largest of each score is no row of the head


def test_a_wrong_row_is_seen(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check itself fails where something else than the chosen layer's values is stored."""
    from chroma.integrations._torch import layer_hooks

    right = layer_hooks.vectors_of
    monkeypatch.setattr(layer_hooks, "vectors_of", lambda *args: right(*args) + 1)
    found = check("Tagger", tagged("last"))
    assert found.fault
    assert "rows" in found.why


def test_the_page_names_what_was_run_and_why_others_were_not() -> None:
    assert len(classes()) > 900
    known = {
        "source": "timm",
        "parameters": 5,
        "width": 3,
        "head": "yes",
        "fault": False,
        "why": "",
        "layer": "fc:input",
    }
    text = table(
        "transformers", [{**known, "name": "A"}, {**known, "name": "B", "fault": True, "why": "rows differ"}]
    )
    assert "2 were run, 1 without a fault" in text
    assert "| B | rows differ |" in text
    page = PAGE.read_text(encoding="utf-8")
    assert "<!-- end of transformers -->" in page
