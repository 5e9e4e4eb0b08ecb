"""Direct preference optimization: a sample is a chosen and a rejected answer, a batch has 2 B rows."""

import copy
import tempfile

import torch
from torch.nn import functional as F
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments, set_seed

import chroma

chroma.autolog()
set_seed(3)
generator = torch.Generator().manual_seed(0)
dataset = [
    {
        "chosen": torch.tensor([1, 5, *torch.randint(6, 20, (6,), generator=generator).tolist()]),
        "rejected": torch.tensor([1, 4, *torch.randint(6, 20, (6,), generator=generator).tolist()]),
    }
    for _ in range(72)
]
train_dataset, val_dataset = dataset[:48], dataset[48:]


def collate(examples):
    """Chosen answers first, then rejected ones: 2 B rows."""
    rows = [example["chosen"] for example in examples] + [example["rejected"] for example in examples]
    input_ids = torch.stack(rows)
    return {"input_ids": input_ids, "attention_mask": torch.ones_like(input_ids)}


class PreferenceTrainer(Trainer):
    def __init__(self, *args, ref_model, beta=0.1, **kwargs):
        super().__init__(*args, **kwargs)
        self.ref_model, self.beta = ref_model.eval(), beta

    def log_probs(self, model, inputs):
        logits = model(**inputs).logits[:, :-1].log_softmax(-1)
        return logits.gather(2, inputs["input_ids"][:, 1:, None]).squeeze(2).sum(1).chunk(2)

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        chosen, rejected = self.log_probs(model, inputs)
        with torch.no_grad():
            ref_chosen, ref_rejected = self.log_probs(self.ref_model, inputs)
        rewards = self.beta * (chosen - ref_chosen), self.beta * (rejected - ref_rejected)
        loss = -F.logsigmoid(rewards[0] - rewards[1]).mean()
        return (loss, {"rewards": torch.stack(rewards, 1)}) if return_outputs else loss

    def prediction_step(self, model, inputs, prediction_loss_only, ignore_keys=None):
        with torch.no_grad():
            return self.compute_loss(model, inputs), None, None


config = GPT2Config(vocab_size=20, n_positions=8, n_embd=16, n_layer=1, n_head=2)
config.bos_token_id = config.eos_token_id = 0
model = GPT2LMHeadModel(config)
with tempfile.TemporaryDirectory() as folder:
    args = TrainingArguments(
        folder, num_train_epochs=2, learning_rate=1e-2,
        per_device_train_batch_size=12, per_device_eval_batch_size=12,
        eval_strategy="epoch", save_strategy="no", report_to="none", use_cpu=True, disable_tqdm=True,
        remove_unused_columns=False,
    )  # fmt: skip
    trainer = PreferenceTrainer(
        model, args, ref_model=copy.deepcopy(model), data_collator=collate,
        train_dataset=train_dataset, eval_dataset=val_dataset,
    )  # fmt: skip
    trainer.train()
