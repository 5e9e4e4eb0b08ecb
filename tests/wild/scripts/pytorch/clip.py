"""CLIP: an image encoder and a text encoder, trained to find each other's partner."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

import chroma

torch.manual_seed(14)
words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
letters = sorted(set("".join(words)))


class Captions(Dataset):
    def __init__(self, start, stop):
        digits = load_digits()
        self.images = torch.tensor(digits.images[start:stop] / 16, dtype=torch.float32).unsqueeze(1)
        self.captions = [words[target] for target in digits.target[start:stop]]

    def __len__(self):
        return len(self.images)

    def __getitem__(self, idx):
        tokens = [1 + letters.index(letter) for letter in self.captions[idx]]
        padded = torch.tensor(tokens + [0] * (5 - len(tokens)))
        return {"image": self.images[idx], "input_ids": padded, "caption": self.captions[idx]}


class CLIP(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.image_encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, dim))
        self.token_embedding = nn.Embedding(len(letters) + 1, 20)
        self.text_projection = nn.Linear(20, dim)
        self.logit_scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, image, input_ids):
        image_features = F.normalize(self.image_encoder(image), dim=-1)
        text_features = F.normalize(self.text_projection(self.token_embedding(input_ids).mean(1)), dim=-1)
        return self.logit_scale.exp() * image_features @ text_features.t()


train_loader = DataLoader(Captions(0, 160), batch_size=32, shuffle=True)
val_loader = DataLoader(Captions(160, 240), batch_size=32)
model = CLIP()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
with chroma.watch(model, loader=val_loader, layers=["image_encoder", "text_projection"]) as watch:
    for epoch in range(2):
        for batch in train_loader:
            logits = model(batch["image"], batch["input_ids"])
            target = torch.arange(len(logits))
            loss = (F.cross_entropy(logits, target) + F.cross_entropy(logits.t(), target)) / 2
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        watch.snapshot(epoch=epoch)
