"""Tag each token; padding and special tokens have the label -100."""

import tempfile

import torch
from transformers import BertConfig, BertForTokenClassification, Trainer, TrainingArguments, set_seed

import chroma

chroma.autolog()
set_seed(4)
generator = torch.Generator().manual_seed(0)


def make(number):
    tokens = torch.randint(4, 30, (4 + number % 4,), generator=generator).tolist()
    return {"input_ids": [2, *tokens, 3], "labels": [-100, *[int(token > 16) for token in tokens], -100]}


dataset = [make(number) for number in range(72)]
train_dataset, val_dataset = dataset[:48], dataset[48:]


def collate(examples):
    longest = max(len(example["input_ids"]) for example in examples)

    def pad(name, value):
        return torch.tensor([each[name] + [value] * (longest - len(each[name])) for each in examples])

    input_ids = pad("input_ids", 0)
    return {"input_ids": input_ids, "attention_mask": (input_ids != 0).long(), "labels": pad("labels", -100)}


config = BertConfig(
    vocab_size=30, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=24,
    id2label={0: "low", 1: "high"}, label2id={"low": 0, "high": 1},
)  # fmt: skip
model = BertForTokenClassification(config)
with tempfile.TemporaryDirectory() as folder:
    args = TrainingArguments(
        folder, num_train_epochs=2, learning_rate=1e-2,
        per_device_train_batch_size=12, per_device_eval_batch_size=12,
        eval_strategy="epoch", save_strategy="no", report_to="none", use_cpu=True, disable_tqdm=True,
    )  # fmt: skip
    trainer = Trainer(
        model, args, data_collator=collate, train_dataset=train_dataset, eval_dataset=val_dataset
    )
    trainer.train()
