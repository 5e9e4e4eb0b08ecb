"""Metric learning with triplets; validation is of single images."""

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

import chroma

torch.manual_seed(3)
np.random.seed(3)
digits = load_digits()
data = (digits.data / 16).astype(np.float32)
target = digits.target


class TripletDigits(Dataset):
    def __init__(self, data, target):
        self.data, self.target = data, target

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        same = np.flatnonzero(self.target == self.target[index])
        other = np.flatnonzero(self.target != self.target[index])
        return self.data[index], self.data[np.random.choice(same)], self.data[np.random.choice(other)]


class EmbeddingNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(64, 48), nn.PReLU(), nn.Linear(48, 16))

    def forward(self, x):
        return self.fc(x)


train_loader = DataLoader(TripletDigits(data[:160], target[:160]), batch_size=40, shuffle=True)
test_dataset = TensorDataset(torch.from_numpy(data[160:260]), torch.from_numpy(target[160:260]))
test_loader = DataLoader(test_dataset, batch_size=64)

model = EmbeddingNet()
criterion = nn.TripletMarginLoss(margin=1.0)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
with chroma.watch(model, loader=test_loader, split="test") as watch:
    for epoch in range(2):
        for anchor, positive, negative in train_loader:
            optimizer.zero_grad()
            criterion(model(anchor), model(positive), model(negative)).backward()
            optimizer.step()
        watch.snapshot(epoch=epoch)
