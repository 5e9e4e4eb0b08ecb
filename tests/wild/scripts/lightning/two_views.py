"""SimCLR in lightly's manner: a batch is ((view, view), label), each view goes through the network alone."""

import lightning as L
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

import chroma

chroma.autolog()
L.seed_everything(4, verbose=False)


class Views(Dataset):
    def __init__(self):
        digits = load_digits()
        self.images = torch.tensor(digits.data[:160] / 16, dtype=torch.float32)
        self.targets = torch.tensor(digits.target[:160])

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = self.images[index]
        return (image + 0.1 * torch.randn(64), image + 0.1 * torch.randn(64)), self.targets[index]


class SimCLR(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(64, 48), nn.ReLU())
        self.projection_head = nn.Sequential(nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 16))

    def forward(self, x):
        return self.projection_head(self.backbone(x))

    def training_step(self, batch, batch_index):
        (x0, x1), _ = batch
        z0, z1 = F.normalize(self.forward(x0)), F.normalize(self.forward(x1))
        return F.cross_entropy(z0 @ z1.T / 0.1, torch.arange(len(z0)))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.06)


model = SimCLR()
trainer = L.Trainer(
    max_epochs=2,
    accelerator="cpu",
    logger=False,
    enable_checkpointing=False,
    enable_progress_bar=False,
    enable_model_summary=False,
)
trainer.fit(model, DataLoader(Views(), batch_size=40, shuffle=True, drop_last=True))
