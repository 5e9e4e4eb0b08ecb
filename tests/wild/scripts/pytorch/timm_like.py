"""A training script in timm's manner: its loader is wrapped by one that normalises ahead."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, Dataset

import chroma

torch.manual_seed(12)


class ImageDataset(Dataset):
    def __init__(self, start, stop):
        digits = load_digits()
        self.images = digits.images[start:stop].astype("uint8") * 15
        self.targets = digits.target[start:stop]
        self.class_to_idx = {str(name): name for name in range(10)}

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.images[index][None], self.targets[index]


class PrefetchLoader:
    def __init__(self, loader, mean=0.3, std=0.35):
        self.loader = loader
        self.mean, self.std = mean * 255, std * 255

    def __iter__(self):
        for images, targets in self.loader:
            yield images.float().sub_(self.mean).div_(self.std), targets

    def __len__(self):
        return len(self.loader)

    @property
    def sampler(self):
        return self.loader.sampler

    @property
    def dataset(self):
        return self.loader.dataset


def create_loader(dataset, batch_size, is_training=False):
    return PrefetchLoader(DataLoader(dataset, batch_size, shuffle=is_training, drop_last=is_training))


class ResNetLike(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.num_classes = num_classes
        self.conv1 = nn.Conv2d(1, 12, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(12)
        self.conv2 = nn.Conv2d(12, 12, 3, padding=1)
        self.fc = nn.Linear(12, num_classes)

    def forward_features(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        return x + torch.relu(self.conv2(x))

    def forward_head(self, x, pre_logits=False):
        x = x.mean((2, 3))
        return x if pre_logits else self.fc(x)

    def forward(self, x):
        return self.forward_head(self.forward_features(x))


model = ResNetLike()
loader_train = create_loader(ImageDataset(0, 200), 32, is_training=True)
loader_eval = create_loader(ImageDataset(200, 300), 64)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
loss_fn = nn.CrossEntropyLoss(label_smoothing=0.1)
with chroma.watch(model, loader=loader_eval) as watch:
    for epoch in range(2):
        model.train()
        for input_, target in loader_train:
            loss = loss_fn(model(input_), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        watch.snapshot(epoch=epoch)
