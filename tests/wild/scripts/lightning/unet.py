"""U-Net: down, up, with a bridge, and a class for each pixel."""

import lightning as L
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

import chroma

chroma.autolog()
L.seed_everything(7, verbose=False)


class Carvana(Dataset):
    """Images with masks, as a dict."""

    def __init__(self, start, stop):
        self.images = torch.tensor(load_digits().images[start:stop] / 16, dtype=torch.float32)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, idx):
        return {"image": self.images[idx].unsqueeze(0), "mask": (self.images[idx] > 0.4).long()}


def double_conv(i, o):
    return nn.Sequential(
        nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(), nn.Conv2d(o, o, 3, padding=1), nn.ReLU()
    )


class UNet(L.LightningModule):
    def __init__(self, n_classes=2):
        super().__init__()
        self.inc = double_conv(1, 6)
        self.down = double_conv(6, 10)
        self.up = nn.ConvTranspose2d(10, 6, 2, stride=2)
        self.conv = double_conv(12, 7)
        self.outc = nn.Conv2d(7, n_classes, 1)

    def forward(self, x):
        x1 = self.inc(x)
        x2 = self.down(F.max_pool2d(x1, 2))
        return self.outc(self.conv(torch.cat([x1, self.up(x2)], dim=1)))

    def training_step(self, batch, _):
        return F.cross_entropy(self(batch["image"]), batch["mask"])

    def validation_step(self, batch, _):
        self.log("val_loss", F.cross_entropy(self(batch["image"]), batch["mask"]))

    def configure_optimizers(self):
        return torch.optim.RMSprop(self.parameters(), lr=1e-3)


model = UNet()
trainer = L.Trainer(
    max_epochs=2,
    accelerator="cpu",
    logger=False,
    enable_checkpointing=False,
    enable_progress_bar=False,
    enable_model_summary=False,
)
trainer.fit(model, DataLoader(Carvana(0, 80), batch_size=20, shuffle=True), DataLoader(Carvana(80, 120), 20))
