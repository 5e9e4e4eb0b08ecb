"""Forecast the next values of a time series with an LSTM."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import chroma

torch.manual_seed(10)
time = torch.arange(400) * 0.1
series = torch.sin(time) + 0.3 * torch.sin(3.1 * time) + 0.05 * torch.randn(400)
lookback, horizon = 20, 3


def create_dataset(values):
    windows = values.unfold(0, lookback + horizon, 1)
    return TensorDataset(windows[:, :lookback].unsqueeze(2), windows[:, lookback:])


train_loader = DataLoader(create_dataset(series[:300]), shuffle=True, batch_size=64)
test_dataset = create_dataset(series[300:])
test_loader = DataLoader(test_dataset, batch_size=32)


class Forecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(input_size=1, hidden_size=14, num_layers=1, batch_first=True)
        self.linear = nn.Linear(14, horizon)

    def forward(self, x):
        x, _ = self.lstm(x)
        return self.linear(x[:, -1])


model = Forecaster()
optimizer = torch.optim.Adam(model.parameters())
loss_fn = nn.MSELoss()
with chroma.watch(model, loader=test_loader, split="test") as watch:
    for epoch in range(2):
        model.train()
        for X_batch, y_batch in train_loader:
            loss = loss_fn(model(X_batch), y_batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        watch.snapshot(epoch=epoch)
