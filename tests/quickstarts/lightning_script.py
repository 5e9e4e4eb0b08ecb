"""Lightning's own first script, an autoencoder, on digits that need no download; one line is Chroma's."""

import lightning as L
import torch
from sklearn.datasets import load_digits
from torch import nn, utils

import chroma

chroma.autolog()

encoder = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 8))
decoder = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 64))


class LitAutoEncoder(L.LightningModule):
    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def training_step(self, batch, batch_idx):
        x, _ = batch
        x = x.view(x.size(0), -1)
        z = self.encoder(x)
        x_hat = self.decoder(z)
        loss = nn.functional.mse_loss(x_hat, x)
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=1e-3)


digits = load_digits()
dataset = utils.data.TensorDataset(
    torch.tensor(digits.images, dtype=torch.float32) / 16, torch.tensor(digits.target)
)
train_loader = utils.data.DataLoader(dataset, batch_size=64)
trainer = L.Trainer(limit_train_batches=20, max_epochs=2)
trainer.fit(model=LitAutoEncoder(encoder, decoder), train_dataloaders=train_loader)
