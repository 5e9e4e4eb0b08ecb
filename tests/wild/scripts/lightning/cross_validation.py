"""k-fold cross-validation: a new trainer and a new model for each fold."""

import lightning as L
import torch
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import StratifiedKFold
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Subset, TensorDataset

import chroma

chroma.autolog(name="cancer")
cancer = load_breast_cancer()
x = torch.tensor(cancer.data[:150], dtype=torch.float32)
x = (x - x.mean(0)) / x.std(0)
y = torch.tensor(cancer.target[:150])
dataset = TensorDataset(x, y)


class Classifier(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(30, 12), nn.ReLU(), nn.Linear(12, 1))

    def forward(self, x):
        return self.net(x).squeeze(-1)

    def training_step(self, batch, _):
        return F.binary_cross_entropy_with_logits(self(batch[0]), batch[1].float())

    def validation_step(self, batch, _):
        self.log("val_loss", F.binary_cross_entropy_with_logits(self(batch[0]), batch[1].float()))

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=1e-2)


models, folds = [], []
splits = StratifiedKFold(3, shuffle=True, random_state=0).split(x, y)
for fold, (train_idx, val_idx) in enumerate(splits):
    L.seed_everything(fold, verbose=False)
    model = Classifier()
    trainer = L.Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(
        model,
        DataLoader(Subset(dataset, train_idx), batch_size=25, shuffle=True),
        DataLoader(Subset(dataset, val_idx), batch_size=25),
    )
    models.append(model)
    folds.append(sorted(val_idx.tolist()))
