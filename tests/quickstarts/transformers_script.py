"""Hugging Face's own first fine-tuning, of a model made of a configuration; one line is Chroma's."""

import tempfile

from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

import chroma
from tests.integrations.words import Reviews, tokenizer

chroma.autolog()

tokens = tokenizer()
model = BertForSequenceClassification(
    BertConfig(
        vocab_size=len(tokens),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
    )
)
with tempfile.TemporaryDirectory() as folder:
    training_args = TrainingArguments(
        output_dir=folder,
        eval_strategy="epoch",
        num_train_epochs=2,
        per_device_train_batch_size=16,
        report_to="none",
        save_strategy="no",
        use_cpu=True,
    )
    trainer = Trainer(
        model=model,
        args=training_args,
        train_dataset=Reviews(64),
        eval_dataset=Reviews(48, start=1),
        processing_class=tokens,
    )
    trainer.train()
