"""Hugging Face, "Fine-tuning": the Trainer, on made-up lines, with a BERT made of a configuration."""

import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    PreTrainedTokenizerFast,
    Trainer,
    TrainingArguments,
)

words = ["[PAD]", "[UNK]", "good", "bad", "film", "a", "very", "it", "was"]
known = Tokenizer(models.WordLevel({word: at for at, word in enumerate(words)}, unk_token="[UNK]"))
known.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=known, pad_token="[PAD]", unk_token="[UNK]")

random = np.random.default_rng(0)
labels = random.integers(0, 2, 120)
lines = [" ".join([*random.choice(words[4:], 4), ("bad", "good")[label]]) for label in labels]
dataset = [
    {**tokenizer(line, padding="max_length", max_length=8), "labels": int(label)}
    for line, label in zip(lines, labels, strict=True)
]

model = BertForSequenceClassification(
    BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        num_labels=2,
    )
)


def compute_metrics(eval_pred):
    logits, labels = eval_pred
    return {"accuracy": float((np.argmax(logits, axis=-1) == labels).mean())}


training_args = TrainingArguments(
    output_dir="yelp_review_classifier", num_train_epochs=2, eval_strategy="epoch", report_to="none"
)
trainer = Trainer(
    model=model,
    args=training_args,
    train_dataset=dataset[:80],
    eval_dataset=dataset[80:],
    processing_class=tokenizer,
    compute_metrics=compute_metrics,
)
trainer.train()
