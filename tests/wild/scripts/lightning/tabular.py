"""A table: numbers and categories in a dict, as tabular libraries hand them over."""

import lightning as L
import torch
from sklearn.datasets import load_wine
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

import chroma

chroma.autolog()
L.seed_everything(11, verbose=False)


class TabularDataset(Dataset):
    def __init__(self, rows):
        wine = load_wine()
        values = torch.tensor(wine.data[rows], dtype=torch.float32)
        self.continuous = (values - values.mean(0)) / values.std(0)
        self.categorical = torch.stack([(values[:, 0] > 13).long(), (values[:, 4] // 10).long() % 7], dim=1)
        self.target = torch.tensor(wine.target[rows])

    def __len__(self):
        return len(self.target)

    def __getitem__(self, idx):
        return {
            "index": idx,
            "categorical": self.categorical[idx],
            "continuous": self.continuous[idx],
            "target": self.target[idx],
        }


class TabularModel(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.embeddings = nn.ModuleList([nn.Embedding(2, 2), nn.Embedding(7, 4)])
        self.mlp = nn.Sequential(nn.Linear(13 + 6, 20), nn.BatchNorm1d(20), nn.ReLU(), nn.Dropout(0.1))
        self.head = nn.Linear(20, 3)

    def forward(self, x):
        embedded = [layer(x["categorical"][:, i]) for i, layer in enumerate(self.embeddings)]
        return {"logits": self.head(self.mlp(torch.cat([*embedded, x["continuous"]], dim=1)))}

    def training_step(self, batch, batch_idx):
        return F.cross_entropy(self(batch)["logits"], batch["target"])

    def validation_step(self, batch, batch_idx):
        self.log("valid_loss", F.cross_entropy(self(batch)["logits"], batch["target"]))

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=1e-2)


order = torch.randperm(178).tolist()
val_dataset = TabularDataset(order[120:])
model = TabularModel()
trainer = L.Trainer(
    max_epochs=2,
    accelerator="cpu",
    logger=False,
    enable_checkpointing=False,
    enable_progress_bar=False,
    enable_model_summary=False,
)
trainer.fit(
    model, DataLoader(TabularDataset(order[:120]), batch_size=24, shuffle=True), DataLoader(val_dataset, 29)
)
