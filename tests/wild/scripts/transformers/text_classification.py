"""Fine-tune a text classifier with Hugging Face's Trainer; a tiny BERT without downloaded weights."""

import tempfile

import torch
from torch.utils.data import Dataset
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments, set_seed

import chroma

chroma.autolog()
set_seed(1)


class Sentences(Dataset):
    """Token ids: class 1 has token 7, class 0 has token 8."""

    def __init__(self, n, seed):
        generator = torch.Generator().manual_seed(seed)
        self.labels = torch.randint(2, (n,), generator=generator).tolist()
        self.ids = [
            [2, 8 - label, *torch.randint(10, 40, (3 + i % 5,), generator=generator).tolist(), 3]
            for i, label in enumerate(self.labels)
        ]

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, i):
        return {"input_ids": self.ids[i], "label": self.labels[i]}


def collate(examples):
    longest = max(len(example["input_ids"]) for example in examples)
    rows = [example["input_ids"] + [0] * (longest - len(example["input_ids"])) for example in examples]
    input_ids = torch.tensor(rows)
    return {
        "input_ids": input_ids,
        "attention_mask": (input_ids != 0).long(),
        "labels": torch.tensor([example["label"] for example in examples]),
    }


config = BertConfig(
    vocab_size=40, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=24,
    id2label={0: "negative", 1: "positive"}, label2id={"negative": 0, "positive": 1},
)  # fmt: skip
model = BertForSequenceClassification(config)
val_dataset = Sentences(40, 1)
with tempfile.TemporaryDirectory() as folder:
    args = TrainingArguments(
        folder, num_train_epochs=2, learning_rate=1e-2,
        per_device_train_batch_size=16, per_device_eval_batch_size=16,
        eval_strategy="epoch", save_strategy="no", report_to="none", use_cpu=True, disable_tqdm=True,
    )  # fmt: skip
    trainer = Trainer(
        model, args, data_collator=collate, train_dataset=Sentences(64, 0), eval_dataset=val_dataset
    )
    trainer.train()
