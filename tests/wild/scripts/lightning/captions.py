"""Strings in the batch: the model makes its own tokens, labels are names."""

import lightning as L
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

import chroma

chroma.autolog()
L.seed_everything(18, verbose=False)
animals = ["the cat sleeps", "a cat purrs", "the dog barks", "a dog digs", "the cat eats", "a dog runs"]


class Sentences(Dataset):
    classes = ["cat", "dog"]

    def __init__(self, n):
        self.texts = [f"{animals[i % 6]} {'now ' * (i % 4)}" for i in range(n)]
        self.labels = [int("dog" in text) for text in self.texts]

    def __len__(self):
        return len(self.texts)

    def __getitem__(self, i):
        return {"text": self.texts[i], "label": self.labels[i]}


class BagOfLetters(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.embedding = nn.EmbeddingBag(27, 12)
        self.fc = nn.Linear(12, 2)

    def forward(self, texts):
        bags = [[max(ord(letter) - 96, 0) for letter in text] for text in texts]
        offsets = torch.tensor([0, *map(len, bags)])[:-1].cumsum(0)
        return self.fc(self.embedding(torch.tensor([number for bag in bags for number in bag]), offsets))

    def training_step(self, batch, _):
        return F.cross_entropy(self(batch["text"]), batch["label"])

    def validation_step(self, batch, _):
        self.log(
            "val_loss", F.cross_entropy(self(batch["text"]), batch["label"]), batch_size=len(batch["text"])
        )

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.05)


val_dataset = Sentences(42)
model = BagOfLetters()
trainer = L.Trainer(
    max_epochs=2,
    accelerator="cpu",
    logger=False,
    enable_checkpointing=False,
    enable_progress_bar=False,
    enable_model_summary=False,
)
trainer.fit(model, DataLoader(Sentences(60), batch_size=12, shuffle=True), DataLoader(val_dataset, 12))
