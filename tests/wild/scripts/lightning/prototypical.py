"""Prototypical networks: a batch sampler draws episodes of N classes with K shots each."""

import lightning as L
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import chroma

chroma.autolog()
L.seed_everything(13, verbose=False)


class FewShotBatchSampler:
    def __init__(self, targets, n_way=4, k_shot=6, episodes=5):
        self.targets, self.n_way, self.k_shot, self.episodes = targets, n_way, k_shot, episodes

    def __len__(self):
        return self.episodes

    def __iter__(self):
        for _ in range(self.episodes):
            batch = []
            for c in self.targets.unique()[torch.randperm(len(self.targets.unique()))[: self.n_way]]:
                rows = torch.nonzero(self.targets == c).flatten()
                batch += rows[torch.randperm(len(rows))[: self.k_shot]].tolist()
            yield batch


class ProtoNet(L.LightningModule):
    def __init__(self, proto_dim=16):
        super().__init__()
        self.model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, proto_dim))

    def calculate_loss(self, batch, mode):
        imgs, targets = batch
        features = self.model(imgs)
        support, query = features[0::2], features[1::2]
        classes = targets[1::2].unique()
        prototypes = torch.stack([support[targets[0::2] == c].mean(0) for c in classes])
        wanted = (classes[None] == targets[1::2, None]).long().argmax(1)
        loss = F.cross_entropy(-(torch.cdist(query, prototypes) ** 2), wanted)
        self.log(f"{mode}_loss", loss, batch_size=len(imgs))
        return loss

    def training_step(self, batch, batch_idx):
        return self.calculate_loss(batch, "train")

    def validation_step(self, batch, batch_idx):
        self.calculate_loss(batch, "val")

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=1e-3)


digits = load_digits()
x, y = torch.tensor(digits.data / 16, dtype=torch.float32), torch.tensor(digits.target)
train_set, val_set = TensorDataset(x[:300], y[:300]), TensorDataset(x[300:500], y[300:500])
model = ProtoNet()
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
    DataLoader(train_set, batch_sampler=FewShotBatchSampler(y[:300])),
    DataLoader(val_set, batch_sampler=FewShotBatchSampler(y[300:500])),
)
