"""Train a causal language model with Hugging Face's Trainer."""

import tempfile

from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    Trainer,
    TrainingArguments,
    default_data_collator,
    set_seed,
)

import chroma

chroma.autolog()
set_seed(2)
text = "to be or not to be that is the question " * 20
vocabulary = sorted(set(text))
ids = [vocabulary.index(letter) for letter in text]
block = 16
blocks = [ids[start : start + block] for start in range(0, len(ids) - block, block)]
dataset = [{"input_ids": each, "labels": each} for each in blocks]
train_dataset, val_dataset = dataset[:32], dataset[32:48]

config = GPT2Config(vocab_size=len(vocabulary), n_positions=block, n_embd=16, n_layer=1, n_head=2)
config.bos_token_id = config.eos_token_id = 0
model = GPT2LMHeadModel(config)
with tempfile.TemporaryDirectory() as folder:
    args = TrainingArguments(
        folder, num_train_epochs=2, learning_rate=1e-2,
        per_device_train_batch_size=8, eval_strategy="epoch",
        save_strategy="no", report_to="none", use_cpu=True, disable_tqdm=True,
    )  # fmt: skip
    trainer = Trainer(
        model,
        args,
        data_collator=default_data_collator,
        train_dataset=train_dataset,
        eval_dataset=val_dataset,
    )
    trainer.train()
