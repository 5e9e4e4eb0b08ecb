"""Fully sharded data parallel, in two processes: torchrun --nproc-per-node 2 fsdp.py"""

import torch
import torch.distributed as dist
from sklearn.datasets import load_digits
from torch import nn
from torch.distributed.fsdp import fully_shard
from torch.nn import functional as F
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

import chroma

dist.init_process_group("gloo")
torch.manual_seed(18)
digits = load_digits()
x, y = torch.tensor(digits.data / 16, dtype=torch.float32), torch.tensor(digits.target)
train_set, test_set = TensorDataset(x[:160], y[:160]), TensorDataset(x[160:260], y[160:260])
train_sampler, test_sampler = DistributedSampler(train_set), DistributedSampler(test_set, shuffle=False)
train_loader = DataLoader(train_set, batch_size=40, sampler=train_sampler)
test_loader = DataLoader(test_set, batch_size=25, sampler=test_sampler)

mesh = dist.device_mesh.init_device_mesh("cpu", (dist.get_world_size(),))
model = nn.Sequential(nn.Linear(64, 24), nn.ReLU(), nn.Linear(24, 10))
for layer in model:
    fully_shard(layer, mesh=mesh)
fully_shard(model, mesh=mesh)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
with chroma.watch(model, loader=test_loader, split="test") as watch:
    for epoch in range(2):
        train_sampler.set_epoch(epoch)
        for inputs, target in train_loader:
            optimizer.zero_grad()
            F.cross_entropy(model(inputs), target).backward()
            optimizer.step()
        watch.snapshot(epoch=epoch)
dist.destroy_process_group()
