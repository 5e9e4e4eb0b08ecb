"""DCGAN in small: two networks, two optimizers."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import chroma

torch.manual_seed(0)
digits = load_digits()
images = torch.tensor(digits.images[:200] / 8 - 1, dtype=torch.float32).unsqueeze(1)
dataset = TensorDataset(images, torch.tensor(digits.target[:200]))
dataloader = DataLoader(dataset, batch_size=50, shuffle=True)

netG = nn.Sequential(
    nn.ConvTranspose2d(16, 16, 4, 1, 0, bias=False),
    nn.BatchNorm2d(16),
    nn.ReLU(True),
    nn.ConvTranspose2d(16, 1, 4, 2, 1, bias=False),
    nn.Tanh(),
)
netD = nn.Sequential(
    nn.Conv2d(1, 16, 4, 2, 1, bias=False),
    nn.LeakyReLU(0.2, inplace=True),
    nn.Conv2d(16, 1, 4, 1, 0, bias=False),
    nn.Sigmoid(),
)
criterion = nn.BCELoss()
optimizerD = torch.optim.Adam(netD.parameters(), lr=2e-4, betas=(0.5, 0.999))
optimizerG = torch.optim.Adam(netG.parameters(), lr=2e-4, betas=(0.5, 0.999))

with chroma.watch(netD, loader=dataloader, split="real") as watch:
    for epoch in range(2):
        for real, _ in dataloader:
            netD.zero_grad()
            label = torch.full((len(real),), 1.0)
            criterion(netD(real).view(-1), label).backward()
            fake = netG(torch.randn(len(real), 16, 1, 1))
            label.fill_(0.0)
            criterion(netD(fake.detach()).view(-1), label).backward()
            optimizerD.step()
            netG.zero_grad()
            label.fill_(1.0)
            criterion(netD(fake).view(-1), label).backward()
            optimizerG.step()
        watch.snapshot(epoch=epoch)
