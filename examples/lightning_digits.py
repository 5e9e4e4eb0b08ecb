"""Train a small classifier on scikit-learn's 1,797 handwritten digits and watch its features take shape.

    python examples/lightning_digits.py
    chroma ui

The one line that matters is `callbacks=[ChromaCallback()]`.
"""

import argparse
import warnings

import lightning.pytorch as pl
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from chroma.integrations.lightning import ChromaCallback


class Digits(Dataset):
    """Every second digit of each class for training, the others for validation: 8×8 pixels, in [0, 1]."""

    def __init__(self, split: str) -> None:
        digits = load_digits()
        order = digits.target.argsort(kind="stable")
        chosen = sorted(order[0::2] if split == "train" else order[1::2])
        self.images = torch.tensor(digits.images[chosen] / 16, dtype=torch.float32).unsqueeze(1)
        self.labels = torch.tensor(digits.target[chosen])
        self.classes = [str(name) for name in digits.target_names]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.images[index], self.labels[index]


class Classifier(pl.LightningModule):
    """Two convolutions, 64 features, ten classes."""

    def __init__(self, learning_rate: float = 2e-3) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(32 * 4 * 4, 64),
            nn.ReLU(),
        )
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(64, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.dropout(self.encoder(images)))

    def training_step(self, batch: tuple[torch.Tensor, torch.Tensor], _: int) -> torch.Tensor:
        images, labels = batch
        loss = F.cross_entropy(self(images), labels)
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: tuple[torch.Tensor, torch.Tensor], _: int) -> None:
        images, labels = batch
        logits = self(images)
        self.log("val_loss", F.cross_entropy(logits, labels), prog_bar=True)
        self.log("val_acc", (logits.argmax(dim=1) == labels).float().mean(), prog_bar=True)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=self.hparams["learning_rate"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=10)
    epochs = parser.parse_args().epochs

    warnings.filterwarnings("ignore", message=".*does not have many workers.*")  # these digits need none
    pl.seed_everything(7)
    trainer = pl.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        callbacks=[ChromaCallback(project="digits")],
    )
    trainer.fit(
        Classifier(),
        DataLoader(Digits("train"), batch_size=64, shuffle=True),
        DataLoader(Digits("val"), batch_size=256),
    )


if __name__ == "__main__":
    main()
