"""A thousand epochs, of which early stopping makes few."""

import lightning as L
import torch
from lightning.pytorch.callbacks import EarlyStopping
from sklearn.datasets import load_diabetes
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import chroma

chroma.autolog()
L.seed_everything(16, verbose=False)
diabetes = load_diabetes()
x = torch.tensor(diabetes.data[:160], dtype=torch.float32) * 10
y = torch.tensor(diabetes.target[:160], dtype=torch.float32) / 100


class Regressor(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(10, 14), nn.ReLU(), nn.Linear(14, 1))

    def forward(self, x):
        return self.layers(x)

    def training_step(self, batch, _):
        x, y = batch
        return F.mse_loss(self(x).squeeze(1), y)

    def validation_step(self, batch, _):
        x, y = batch
        self.log("val_loss", F.mse_loss(self(x).squeeze(1), y))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


model = Regressor()
stopping = EarlyStopping(monitor="val_loss", mode="min", patience=2, min_delta=0.05)
trainer = L.Trainer(
    max_epochs=1000,
    accelerator="cpu",
    logger=False,
    enable_checkpointing=False,
    enable_progress_bar=False,
    enable_model_summary=False,
    callbacks=[stopping],
)
trainer.fit(
    model,
    DataLoader(TensorDataset(x[:100], y[:100]), batch_size=50, shuffle=True),
    DataLoader(TensorDataset(x[100:], y[100:]), batch_size=60),
)
