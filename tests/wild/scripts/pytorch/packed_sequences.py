"""Classify sequences of different lengths: padded, sorted by length, packed, LSTM."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

import chroma

torch.manual_seed(6)


class Sequences(Dataset):
    """Walks that rise, stay or fall; the first value is the number of the walk."""

    def __init__(self, n):
        self.labels = torch.arange(n) % 3
        self.walks = []
        for number in range(n):
            walk = torch.randn(3 + (7 * number) % 11, 4) + (number % 3) - 1.0
            walk[0, 0] = number / 64
            self.walks.append(walk)

    def __len__(self):
        return len(self.walks)

    def __getitem__(self, idx):
        return self.walks[idx], self.labels[idx]


def collate_fn(batch):
    batch.sort(key=lambda pair: len(pair[0]), reverse=True)
    walks, labels = zip(*batch, strict=True)
    lengths = torch.tensor([len(walk) for walk in walks])
    return pad_sequence(walks, batch_first=True), lengths, torch.stack(labels)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 10, batch_first=True)
        self.fc = nn.Linear(10, 3)

    def forward(self, padded, lengths):
        _, (hidden, _) = self.lstm(pack_padded_sequence(padded, lengths, batch_first=True))
        return self.fc(hidden[-1])


train_loader = DataLoader(Sequences(90), batch_size=16, shuffle=True, collate_fn=collate_fn)
val_dataset = Sequences(48)
val_loader = DataLoader(val_dataset, batch_size=16, collate_fn=collate_fn)

model = Classifier()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
with chroma.watch(model, loader=val_loader, forward=lambda model, batch: model(batch[0], batch[1])) as watch:
    for epoch in range(2):
        for padded, lengths, labels in train_loader:
            optimizer.zero_grad()
            criterion(model(padded, lengths), labels).backward()
            optimizer.step()
        watch.snapshot(epoch=epoch)
