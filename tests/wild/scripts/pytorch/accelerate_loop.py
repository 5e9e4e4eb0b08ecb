"""Hugging Face accelerate: four lines more than plain PyTorch."""

import torch
from accelerate import Accelerator
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import chroma

torch.manual_seed(16)
digits = load_digits()
x, y = torch.tensor(digits.data / 16, dtype=torch.float32), torch.tensor(digits.target)
train_dataloader = DataLoader(TensorDataset(x[:200], y[:200]), batch_size=50, shuffle=True)
eval_dataloader = DataLoader(TensorDataset(x[200:300], y[200:300]), batch_size=50)
model = nn.Sequential(nn.Linear(64, 24), nn.ReLU(), nn.Linear(24, 10))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)

accelerator = Accelerator(cpu=True)
model, optimizer, train_dataloader, eval_dataloader = accelerator.prepare(
    model, optimizer, train_dataloader, eval_dataloader
)
with chroma.watch(model, loader={"train": train_dataloader, "val": eval_dataloader}) as watch:
    for epoch in range(2):
        model.train()
        for inputs, targets in train_dataloader:
            optimizer.zero_grad()
            accelerator.backward(F.cross_entropy(model(inputs), targets))
            optimizer.step()
        watch.snapshot(epoch=epoch)
