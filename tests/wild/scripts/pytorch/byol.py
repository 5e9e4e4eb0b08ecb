"""BYOL: an online network predicts what a slowly following target network says of another view."""

import copy

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import chroma

torch.manual_seed(2)
digits = load_digits()
x = torch.tensor(digits.data / 16, dtype=torch.float32)
y = torch.tensor(digits.target)
train_loader = DataLoader(TensorDataset(x[:192], y[:192]), batch_size=64, shuffle=True)
val_loader = DataLoader(TensorDataset(x[192:292], y[192:292]), batch_size=64)


def mlp(dim_in, hidden, out):
    return nn.Sequential(nn.Linear(dim_in, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, out))


class BYOL(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 24), nn.ReLU())
        self.projector = mlp(24, 48, 16)
        self.predictor = mlp(16, 48, 16)
        self.target_encoder = copy.deepcopy(self.encoder)
        self.target_projector = copy.deepcopy(self.projector)
        for parameter in [*self.target_encoder.parameters(), *self.target_projector.parameters()]:
            parameter.requires_grad = False

    def forward(self, view):
        return self.predictor(self.projector(self.encoder(view)))

    @torch.no_grad()
    def target(self, view):
        return self.target_projector(self.target_encoder(view))

    @torch.no_grad()
    def update_target(self, tau=0.99):
        pairs = [(self.encoder, self.target_encoder), (self.projector, self.target_projector)]
        for online, target in pairs:
            for a, b in zip(online.parameters(), target.parameters(), strict=True):
                b.data = tau * b.data + (1 - tau) * a.data


def augment(batch):
    return batch + 0.1 * torch.randn_like(batch)


model = BYOL()
optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.05)
with chroma.watch(model, loader=val_loader) as watch:
    for epoch in range(2):
        for batch, _ in train_loader:
            one, two = augment(batch), augment(batch)
            loss = -F.cosine_similarity(model(one), model.target(two)).mean()
            loss = loss - F.cosine_similarity(model(two), model.target(one)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            model.update_target()
        watch.snapshot(epoch=epoch)
