"""In Hydra's manner: a config builds everything, and the job works in a folder of its own."""

import os
import tempfile
from dataclasses import dataclass, field

import lightning as L
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import chroma


@dataclass
class ModelConfig:
    hidden: int = 24
    lr: float = 1e-2


@dataclass
class Config:
    seed: int = 17
    batch_size: int = 50
    model: ModelConfig = field(default_factory=ModelConfig)
    trainer: dict = field(
        default_factory=lambda: {
            "max_epochs": 2,
            "accelerator": "cpu",
            "logger": False,
            "enable_checkpointing": False,
            "enable_progress_bar": False,
            "enable_model_summary": False,
        }
    )


class DigitsDataModule(L.LightningDataModule):
    def __init__(self, batch_size):
        super().__init__()
        self.batch_size = batch_size

    def setup(self, stage=None):
        digits = load_digits()
        x, y = torch.tensor(digits.data / 16, dtype=torch.float32), torch.tensor(digits.target)
        self.train, self.val = TensorDataset(x[:200], y[:200]), TensorDataset(x[200:300], y[200:300])

    def train_dataloader(self):
        return DataLoader(self.train, self.batch_size, shuffle=True)

    def val_dataloader(self):
        return DataLoader(self.val, self.batch_size)


class DigitsModule(L.LightningModule):
    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        self.net = nn.Sequential(nn.Linear(64, cfg.hidden), nn.ReLU(), nn.Linear(cfg.hidden, 10))
        self.criterion = nn.CrossEntropyLoss()

    def forward(self, x):
        return self.net(x)

    def model_step(self, batch):
        x, y = batch
        logits = self.forward(x)
        return self.criterion(logits, y), torch.argmax(logits, dim=1)

    def training_step(self, batch, batch_idx):
        return self.model_step(batch)[0]

    def validation_step(self, batch, batch_idx):
        self.log("val/loss", self.model_step(batch)[0])

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.cfg.lr)


def main(cfg):
    L.seed_everything(cfg.seed, verbose=False)
    chroma.autolog(name="hydra-job", tags=["baseline"])
    module, datamodule = DigitsModule(cfg.model), DigitsDataModule(cfg.batch_size)
    L.Trainer(**cfg.trainer).fit(module, datamodule=datamodule)
    return module


if __name__ == "__main__":
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as output:
        os.chdir(output)
        try:
            model = main(Config())
        finally:
            os.chdir(before)
