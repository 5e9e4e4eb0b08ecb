"""SimCLR in the UvA tutorial's manner: both views go through the network as one batch of 2 B."""

import lightning as L
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

import chroma

chroma.autolog()
L.seed_everything(3, verbose=False)


class ContrastiveDigits(Dataset):
    def __init__(self, start, stop, n_views=2):
        digits = load_digits()
        self.images = torch.tensor(digits.data[start:stop] / 16, dtype=torch.float32)
        self.targets, self.n_views = digits.target[start:stop], n_views

    def __len__(self):
        return len(self.images)

    def __getitem__(self, idx):
        views = [self.images[idx] + 0.1 * torch.randn(64) for _ in range(self.n_views)]
        return views, int(self.targets[idx])


class SimCLR(L.LightningModule):
    def __init__(self, hidden_dim=16, temperature=0.1):
        super().__init__()
        self.temperature = temperature
        self.convnet = nn.Sequential(
            nn.Linear(64, 4 * hidden_dim), nn.ReLU(), nn.Linear(4 * hidden_dim, hidden_dim)
        )

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=5e-4)

    def info_nce_loss(self, batch, mode="train"):
        imgs, _ = batch
        imgs = torch.cat(imgs, dim=0)
        feats = self.convnet(imgs)
        cos_sim = F.cosine_similarity(feats[:, None, :], feats[None, :, :], dim=-1)
        self_mask = torch.eye(cos_sim.shape[0], dtype=torch.bool)
        cos_sim = cos_sim.masked_fill(self_mask, -9e15)
        pos_mask = self_mask.roll(shifts=cos_sim.shape[0] // 2, dims=0)
        cos_sim = cos_sim / self.temperature
        nll = (-cos_sim[pos_mask] + torch.logsumexp(cos_sim, dim=-1)).mean()
        self.log(mode + "_loss", nll)
        return nll

    def training_step(self, batch, batch_idx):
        return self.info_nce_loss(batch, mode="train")

    def validation_step(self, batch, batch_idx):
        self.info_nce_loss(batch, mode="val")


model = SimCLR()
trainer = L.Trainer(
    max_epochs=2,
    accelerator="cpu",
    logger=False,
    enable_checkpointing=False,
    enable_progress_bar=False,
    enable_model_summary=False,
)
trainer.fit(
    model,
    DataLoader(ContrastiveDigits(0, 160), batch_size=40, shuffle=True),
    DataLoader(ContrastiveDigits(160, 240), batch_size=40),
)
