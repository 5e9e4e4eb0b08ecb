"""Graph classification: graphs of a batch are one big graph, `batch` says which node belongs to which."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

import chroma


class Data:
    def __init__(self, x, edge_index, y, batch=None):
        self.x, self.edge_index, self.y, self.batch = x, edge_index, y, batch

    @classmethod
    def from_data_list(cls, graphs):
        sizes = [len(graph.x) for graph in graphs]
        starts = torch.tensor([0, *sizes]).cumsum(0)[:-1]
        return cls(
            torch.cat([graph.x for graph in graphs]),
            torch.cat([graph.edge_index + s for graph, s in zip(graphs, starts, strict=True)], dim=1),
            torch.cat([graph.y for graph in graphs]),
            torch.repeat_interleave(torch.arange(len(graphs)), torch.tensor(sizes)),
        )


def make_graph(number):
    """A ring (class 0), or a star (class 1)."""
    n = 4 + number % 5
    nodes = torch.arange(n)
    star = number % 2
    edge_index = torch.stack([torch.zeros(n).long(), nodes] if star else [nodes, nodes.roll(1)])
    return Data(torch.randn(n, 6), torch.cat([edge_index, edge_index.flip(0)], 1), torch.tensor([star]))


torch.manual_seed(5)
dataset = [make_graph(number) for number in range(120)]
train_loader = DataLoader(dataset[:80], batch_size=16, shuffle=True, collate_fn=Data.from_data_list)
test_loader = DataLoader(dataset[80:], batch_size=16, collate_fn=Data.from_data_list)


class GCN(nn.Module):
    def __init__(self, hidden=12):
        super().__init__()
        self.conv1 = nn.Linear(6, hidden)
        self.conv2 = nn.Linear(hidden, hidden)
        self.lin = nn.Linear(hidden, 2)

    def forward(self, x, edge_index, batch):
        for conv in (self.conv1, self.conv2):
            h = conv(x)
            x = torch.relu(h.index_add(0, edge_index[1], h[edge_index[0]]))
        graphs = int(batch.max()) + 1
        sums = torch.zeros(graphs, x.shape[1]).index_add(0, batch, x)
        return self.lin(sums / torch.bincount(batch, minlength=graphs).unsqueeze(1))


model = GCN()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
with chroma.watch(
    model, loader=test_loader, split="test", forward=lambda model, d: model(d.x, d.edge_index, d.batch)
) as watch:
    for epoch in range(2):
        for data in train_loader:
            optimizer.zero_grad()
            F.cross_entropy(model(data.x, data.edge_index, data.batch), data.y).backward()
            optimizer.step()
        watch.snapshot(epoch=epoch)
