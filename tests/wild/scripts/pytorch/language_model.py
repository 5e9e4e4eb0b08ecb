"""A tiny GPT on characters."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

import chroma

torch.manual_seed(7)
text = "the quick brown fox jumps over the lazy dog. pack my box with five dozen liquor jugs. " * 8
chars = sorted(set(text))
stoi = {ch: i for i, ch in enumerate(chars)}
block_size, n_embd = 12, 16


class CharDataset(Dataset):
    def __init__(self, data):
        self.data = torch.tensor([stoi[ch] for ch in data])

    def __len__(self):
        return (len(self.data) - 1) // block_size

    def __getitem__(self, idx):
        chunk = self.data[idx * block_size : (idx + 1) * block_size + 1]
        return chunk[:-1], chunk[1:]


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok_emb = nn.Embedding(len(chars), n_embd)
        self.pos_emb = nn.Parameter(torch.zeros(1, block_size, n_embd))
        self.blocks = nn.TransformerEncoderLayer(
            n_embd, 2, 32, dropout=0.1, batch_first=True, norm_first=True
        )
        self.ln_f = nn.LayerNorm(n_embd)
        self.head = nn.Linear(n_embd, len(chars), bias=False)

    def forward(self, idx, targets=None):
        x = self.tok_emb(idx) + self.pos_emb[:, : idx.shape[1]]
        mask = torch.triu(torch.full((idx.shape[1], idx.shape[1]), float("-inf")), diagonal=1)
        logits = self.head(self.ln_f(self.blocks(x, src_mask=mask, is_causal=True)))
        if targets is None:
            return logits, None
        return logits, F.cross_entropy(logits.flatten(0, 1), targets.flatten())


split = int(0.7 * len(text))
train_loader = DataLoader(CharDataset(text[:split]), batch_size=16, shuffle=True)
val_loader = DataLoader(CharDataset(text[split:]), batch_size=16)
model = GPT()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
with chroma.watch(model, loader=val_loader) as watch:
    for epoch in range(2):
        for x, y in train_loader:
            _, loss = model(x, y)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        watch.snapshot(epoch=epoch)
