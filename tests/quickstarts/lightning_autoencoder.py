"""Lightning in 15 minutes: the autoencoder, on scikit-learn's digits."""

import lightning as L
import torch
from sklearn.datasets import load_digits
from torch import nn, optim, utils

encoder = nn.Sequential(nn.Linear(8 * 8, 64), nn.ReLU(), nn.Linear(64, 3))
decoder = nn.Sequential(nn.Linear(3, 64), nn.ReLU(), nn.Linear(64, 8 * 8))


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
        return optim.Adam(self.parameters(), lr=1e-3)


autoencoder = LitAutoEncoder(encoder, decoder)
digits = load_digits()
dataset = utils.data.TensorDataset(
    torch.tensor(digits.images / 16, dtype=torch.float32), torch.tensor(digits.target)
)
train_loader = utils.data.DataLoader(dataset)

trainer = L.Trainer(limit_train_batches=100, max_epochs=2)
trainer.fit(model=autoencoder, train_dataloaders=train_loader)
