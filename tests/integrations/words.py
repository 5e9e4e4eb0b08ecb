"""Tiny Transformers for the tests: a tokenizer and a BERT made here, nothing is downloaded."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from torch import nn
from torch.utils.data import Dataset
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    PreTrainedTokenizerFast,
    Trainer,
    TrainingArguments,
    set_seed,
)

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
WORDS = ["good", "great", "fine", "bad", "poor", "awful", "film", "plot"]
FIRST = len(SPECIAL)  # the token that stands for sample 0


def tokenizer() -> PreTrainedTokenizerFast:
    """Words, and a token for the number of each of 200 samples."""
    vocabulary = [*SPECIAL, *(f"#{number}" for number in range(200)), *WORDS]
    made = Tokenizer(models.WordLevel({word: index for index, word in enumerate(vocabulary)}, "[UNK]"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )


class Reviews(Dataset[Any]):
    """Sample i begins with the token `#i`, goes on with i mod 7 + 1 words, and is good (1) or bad (0)."""

    def __init__(self, n: int, *, task: str = "classification", start: int = 0) -> None:
        self.texts: list[str] = []
        self.items: list[dict[str, Any]] = []
        tokens = tokenizer()
        for number in range(n):
            label = (number + start) % 3 % 2
            words = [WORDS[3 * (1 - label) + (number + place) % 3] for place in range(number % 7 + 1)]
            self.texts.append(" ".join([f"#{number}", *words]))
            item = dict(tokens(self.texts[-1]))
            if task == "tokens":
                item["labels"] = [-100, *(token % 2 for token in item["input_ids"][1:])]
            else:
                item["labels"] = label / 2 if task == "regression" else label
            self.items.append({**item, "key": f"review-{number}", "stars": label * 4 + 1})

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.items[index]


def config(**options: Any) -> BertConfig:
    return BertConfig(
        **{
            "vocab_size": len(tokenizer()),
            "hidden_size": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 32,
            "max_position_embeddings": 32,
            **options,
        }
    )


class Net(BertForSequenceClassification):
    """`signature` passes the token that tells whose row it is."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config)
        self.signature = nn.Identity()

    def forward(
        self,
        input_ids: Any = None,
        attention_mask: Any = None,
        token_type_ids: Any = None,
        labels: Any = None,
    ) -> Any:
        self.signature(input_ids[:, 1:2].float() - FIRST)
        return super().forward(input_ids, attention_mask, token_type_ids, labels=labels)


def made(
    *callbacks: Any,
    folder: Path | str = "out",
    model: Callable[[], nn.Module] | None = None,
    trainer: Callable[..., Any] = Trainer,
    train: Any = None,
    val: Any = None,
    given: dict[str, Any] | None = None,
    **options: Any,
) -> Any:
    """A Trainer of 48 reviews, and 40 to validate with."""
    set_seed(3)
    arguments = TrainingArguments(
        **{
            "output_dir": os.fspath(folder),
            "num_train_epochs": 2,
            "per_device_train_batch_size": 16,
            "per_device_eval_batch_size": 16,
            "eval_strategy": "epoch",
            "save_strategy": "no",
            "report_to": "none",
            "disable_tqdm": True,
            "use_cpu": True,
            "learning_rate": 1e-3,
            **options,
        }
    )
    return trainer(
        model=Net(config()) if model is None else model(),
        args=arguments,
        train_dataset=Reviews(48) if train is None else train,
        eval_dataset=Reviews(40, start=1) if val is None else val,
        processing_class=tokenizer(),
        callbacks=list(callbacks),
        **(given or {}),
    )


def logits(model: nn.Module, dataset: Any) -> torch.Tensor:
    """`[N, C]`, one sample at a time: without padding."""
    training = model.training
    model.eval()
    with torch.no_grad():
        rows = [
            model(**{name: torch.tensor([item[name]]) for name in ("input_ids", "attention_mask")}).logits
            for item in dataset
        ]
    model.train(training)
    return torch.cat(rows)
