"""Self-training: each epoch, the model's own answers are the labels of the next."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import chroma

torch.manual_seed(17)
digits = load_digits()
x, y = torch.tensor(digits.data / 16, dtype=torch.float32), torch.tensor(digits.target)
model = nn.Sequential(nn.Linear(64, 24), nn.ReLU(), nn.Linear(24, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
labelled = DataLoader(TensorDataset(x[:60], y[:60]), batch_size=30, shuffle=True)
unlabelled = TensorDataset(x[60:180])  # the loader's batches are lists of one tensor
with chroma.watch(model, loader=DataLoader(unlabelled, batch_size=40), split="unlabelled") as watch:
    for epoch in range(2):
        for inputs, targets in labelled:
            optimizer.zero_grad()
            F.cross_entropy(model(inputs), targets).backward()
            optimizer.step()
        with torch.no_grad():
            pseudo = model(unlabelled.tensors[0]).argmax(1)
        for inputs, targets in DataLoader(TensorDataset(unlabelled.tensors[0], pseudo), batch_size=40):
            optimizer.zero_grad()
            F.cross_entropy(model(inputs), targets).backward()
            optimizer.step()
        watch.snapshot(epoch=epoch)
