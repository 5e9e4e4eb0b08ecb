"""k-fold cross-validation: a new model, a new loader and a new run for each fold."""

import numpy as np
import torch
from sklearn.datasets import load_iris
from sklearn.model_selection import KFold
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset

import chroma

torch.manual_seed(11)
iris = load_iris()
dataset = TensorDataset(torch.tensor(iris.data, dtype=torch.float32), torch.tensor(iris.target))
models, test_folds = [], []

for fold, (train_ids, test_ids) in enumerate(
    KFold(n_splits=3, shuffle=True, random_state=0).split(iris.data)
):
    trainloader = DataLoader(Subset(dataset, train_ids.tolist()), batch_size=20, shuffle=True)
    testloader = DataLoader(Subset(dataset, test_ids.tolist()), batch_size=20)
    network = nn.Sequential(nn.Linear(4, 10), nn.ReLU(), nn.Linear(10, 3))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    with chroma.watch(network, loader=testloader, name=f"fold-{fold}") as watch:
        for epoch in range(2):
            for inputs, targets in trainloader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(network(inputs), targets).backward()
                optimizer.step()
            watch.snapshot(epoch=epoch)
    models.append(network)
    test_folds.append(np.sort(test_ids))
