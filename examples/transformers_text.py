"""Train a tiny BERT to tell from a line of documentation which library it describes; watch it learn to read.

    python examples/transformers_text.py
    chroma ui

The one line that matters is `callbacks=[ChromaCallback()]`. Nothing is downloaded: the sentences are
docstrings of packages that are installed anyway, and model and tokenizer are made here.
"""

import argparse
import inspect
import tempfile
from importlib import import_module

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from torch.utils.data import Dataset
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    PreTrainedTokenizerFast,
    Trainer,
    TrainingArguments,
    set_seed,
)

from chroma.integrations.transformers import ChromaCallback

LIBRARIES = ("numpy", "torch", "asyncio", "logging", "unittest.mock")


def sentences() -> list[tuple[str, int]]:
    """The first line of each docstring, without the function's own name, and the library it is from."""
    found = {}
    for label, library in enumerate(LIBRARIES):
        for name, member in inspect.getmembers(import_module(library)):
            lines = [line.strip() for line in (inspect.getdoc(member) or "").splitlines()]
            said = next((line for line in lines if len(line.split()) > 3 and "(" not in line), "")
            if said and not name.startswith("_"):
                found.setdefault(said.replace(name, "it"), label)
    return list(found.items())


class Sentences(Dataset):
    """Every second sentence for training, the others for validation."""

    def __init__(self, split: str, tokenizer: PreTrainedTokenizerFast) -> None:
        chosen = sentences()[0::2] if split == "train" else sentences()[1::2]
        self.items = [
            {**tokenizer(text, truncation=True, max_length=32), "labels": label} for text, label in chosen
        ]

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> dict:
        return self.items[index]


def trained_tokenizer() -> PreTrainedTokenizerFast:
    """Pieces of words, learned from the sentences."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    learn = trainers.WordPieceTrainer(vocab_size=2000, special_tokens=special)
    tokenizer.train_from_iterator((text for text, _ in sentences()), learn)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=10)
    epochs = parser.parse_args().epochs

    set_seed(7)
    tokenizer = trained_tokenizer()
    model = BertForSequenceClassification(
        BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=48,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=96,
            max_position_embeddings=32,
            id2label=dict(enumerate(LIBRARIES)),
            label2id={name: label for label, name in enumerate(LIBRARIES)},
        )
    )
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=model,
            args=TrainingArguments(
                output_dir=folder,
                num_train_epochs=epochs,
                per_device_train_batch_size=64,
                per_device_eval_batch_size=128,
                learning_rate=1e-3,
                eval_strategy="epoch",
                save_strategy="no",
                report_to="none",
                use_cpu=True,
            ),
            train_dataset=Sentences("train", tokenizer),
            eval_dataset=Sentences("val", tokenizer),
            processing_class=tokenizer,
            callbacks=[ChromaCallback(project="sentences")],
        )
        trainer.train()


if __name__ == "__main__":
    main()
