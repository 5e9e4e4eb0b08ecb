"""Semantic segmentation with a small fully convolutional network."""

import torch
from sklearn.datasets import load_digits
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset, random_split

import chroma

torch.manual_seed(4)


class Strokes(Dataset):
    """Digits; the mask tells paper, pencil and ink."""

    def __init__(self):
        self.images = torch.tensor(load_digits().images[:150] / 16, dtype=torch.float32)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, idx):
        image = self.images[idx]
        return image.unsqueeze(0), (image > 0.2).long() + (image > 0.7).long()


train_set, val_set = random_split(Strokes(), [100, 50], generator=torch.Generator().manual_seed(0))
train_loader = DataLoader(train_set, batch_size=25, shuffle=True)
val_loader = DataLoader(val_set, batch_size=25)


class FCN(nn.Module):
    def __init__(self, num_classes=3):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.Conv2d(12, 20, 3, padding=1), nn.ReLU()
        )
        self.classifier = nn.Conv2d(20, num_classes, 1)

    def forward(self, x):
        return {"out": self.classifier(self.backbone(x))}


model = FCN()
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
with chroma.watch(model, loader=val_loader) as watch:
    for epoch in range(2):
        for image, mask in train_loader:
            optimizer.zero_grad()
            criterion(model(image)["out"], mask).backward()
            optimizer.step()
        watch.snapshot(epoch=epoch)
