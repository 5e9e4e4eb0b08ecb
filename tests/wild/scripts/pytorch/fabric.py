"""Lightning Fabric: the loop is one's own, devices are Fabric's."""

import torch
from lightning.fabric import Fabric, seed_everything
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import chroma

seed_everything(15, verbose=False)
digits = load_digits()
x, y = torch.tensor(digits.data / 16, dtype=torch.float32), torch.tensor(digits.target)
fabric = Fabric(accelerator="cpu", devices=1)

model = nn.Sequential(nn.Linear(64, 24), nn.ReLU(), nn.Linear(24, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
model, optimizer = fabric.setup(model, optimizer)
train_loader, val_loader = fabric.setup_dataloaders(
    DataLoader(TensorDataset(x[:200], y[:200]), batch_size=50, shuffle=True),
    DataLoader(TensorDataset(x[200:300], y[200:300]), batch_size=50),
)
with chroma.watch(model, loader={"train": train_loader, "val": val_loader}) as watch:
    for epoch in range(2):
        for inputs, target in train_loader:
            optimizer.zero_grad()
            fabric.backward(F.cross_entropy(model(inputs), target))
            optimizer.step()
        watch.snapshot(epoch=epoch)
