"""A training that ends after two epochs and is resumed from its checkpoint up to the fourth."""

import tempfile
from pathlib import Path

import lightning as L
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import chroma

chroma.autolog(run_id="digits-resumed")
digits = load_digits()
x, y = torch.tensor(digits.data / 16, dtype=torch.float32), torch.tensor(digits.target)


class Classifier(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64, 24), nn.ReLU())
        self.fc = nn.Linear(24, 10)

    def forward(self, x):
        return self.fc(self.body(x))

    def training_step(self, batch, _):
        return F.cross_entropy(self(batch[0]), batch[1])

    def validation_step(self, batch, _):
        self.log("val_loss", F.cross_entropy(self(batch[0]), batch[1]))

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=1e-2)


def train(max_epochs, ckpt_path=None):
    L.seed_everything(15, verbose=False)
    train_loader = DataLoader(TensorDataset(x[:200], y[:200]), batch_size=50, shuffle=True)
    val_loader = DataLoader(TensorDataset(x[200:300], y[200:300]), batch_size=50)
    model = Classifier()
    trainer = L.Trainer(
        max_epochs=max_epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(model, train_loader, val_loader, ckpt_path=ckpt_path)
    return model, trainer


with tempfile.TemporaryDirectory() as folder:
    checkpoint = Path(folder, "last.ckpt")
    train(2)[1].save_checkpoint(checkpoint)
    model, trainer = train(4, ckpt_path=checkpoint)
