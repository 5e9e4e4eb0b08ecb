"""Siamese network: pairs of images, and whether both show the same digit."""

import lightning as L
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, Dataset

import chroma

chroma.autolog()
L.seed_everything(5, verbose=False)


class Pairs(Dataset):
    def __init__(self, start, stop):
        digits = load_digits()
        self.data = torch.tensor(digits.data / 16, dtype=torch.float32)
        self.targets, self.start, self.n = digits.target, start, stop - start

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        one, two = self.start + index, self.start + (index * 7) % self.n
        same = float(self.targets[one] == self.targets[two])
        return self.data[one], self.data[two], torch.tensor(same)


class SiameseNetwork(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 12))
        self.fc = nn.Sequential(nn.Linear(24, 12), nn.ReLU(), nn.Linear(12, 1))
        self.criterion = nn.BCEWithLogitsLoss()

    def forward(self, input1, input2):
        return self.fc(torch.cat((self.encoder(input1), self.encoder(input2)), 1)).squeeze(1)

    def training_step(self, batch, _):
        images_1, images_2, targets = batch
        return self.criterion(self(images_1, images_2), targets)

    def validation_step(self, batch, _):
        images_1, images_2, targets = batch
        self.log("val_loss", self.criterion(self(images_1, images_2), targets))

    def configure_optimizers(self):
        return torch.optim.Adadelta(self.parameters(), lr=1.0)


model = SiameseNetwork()
trainer = L.Trainer(
    max_epochs=2,
    accelerator="cpu",
    logger=False,
    enable_checkpointing=False,
    enable_progress_bar=False,
    enable_model_summary=False,
)
trainer.fit(model, DataLoader(Pairs(0, 200), batch_size=50, shuffle=True), DataLoader(Pairs(200, 300), 50))
