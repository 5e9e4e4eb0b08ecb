"""Two heads on one body: which digit, and how much ink."""

import lightning as L
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

import chroma

chroma.autolog()
L.seed_everything(10, verbose=False)


class TwoTasks(Dataset):
    def __init__(self, start, stop):
        digits = load_digits()
        self.images = torch.tensor(digits.data[start:stop] / 16, dtype=torch.float32)
        self.digits = torch.tensor(digits.target[start:stop])

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.images[i], {"digit": self.digits[i], "ink": self.images[i].mean()}


class MultiTask(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(64, 24), nn.ReLU())
        self.digit_head = nn.Linear(24, 10)
        self.ink_head = nn.Linear(24, 1)

    def forward(self, x):
        features = self.backbone(x)
        return {"digit": self.digit_head(features), "ink": self.ink_head(features).squeeze(1)}

    def loss(self, batch):
        x, targets = batch
        out = self(x)
        return F.cross_entropy(out["digit"], targets["digit"]) + F.mse_loss(out["ink"], targets["ink"])

    def training_step(self, batch, batch_idx):
        return self.loss(batch)

    def validation_step(self, batch, batch_idx):
        self.log("val_loss", self.loss(batch))

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=1e-3)


val_dataset = TwoTasks(200, 300)
model = MultiTask()
trainer = L.Trainer(
    max_epochs=2,
    accelerator="cpu",
    logger=False,
    enable_checkpointing=False,
    enable_progress_bar=False,
    enable_model_summary=False,
)
trainer.fit(model, DataLoader(TwoTasks(0, 200), batch_size=50, shuffle=True), DataLoader(val_dataset, 50))
