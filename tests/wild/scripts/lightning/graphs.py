"""Graph classification in PyTorch Geometric's manner: `batch.x`, `batch.edge_index`, `batch.y`."""

import lightning as L
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

import chroma

chroma.autolog()
L.seed_everything(8, verbose=False)


class Data:
    def __init__(self, **fields):
        self.__dict__.update(fields)

    def to(self, *args, **kwargs):
        return Data(**{name: value.to(*args, **kwargs) for name, value in vars(self).items()})


def collate(graphs):
    sizes = torch.tensor([len(graph.x) for graph in graphs])
    starts = sizes.cumsum(0) - sizes
    return Data(
        x=torch.cat([graph.x for graph in graphs]),
        edge_index=torch.cat([graph.edge_index + s for graph, s in zip(graphs, starts, strict=True)], dim=1),
        y=torch.cat([graph.y for graph in graphs]),
        batch=torch.repeat_interleave(torch.arange(len(graphs)), sizes),
    )


def make_graph(number):
    n, kind = 4 + number % 5, number % 3
    nodes = torch.arange(n)
    start = [nodes, torch.zeros_like(nodes), nodes // 2][kind]
    edge_index = torch.stack([start, nodes.roll(1)])
    return Data(x=torch.randn(n, 6), edge_index=edge_index, y=torch.tensor([kind]))


def global_mean_pool(x, batch):
    sizes = torch.bincount(batch)
    return torch.zeros(len(sizes), x.shape[1]).index_add(0, batch, x) / sizes.unsqueeze(1)


class GraphGNN(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Linear(6, 12), nn.Linear(12, 12)
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(12, 3))

    def forward(self, data):
        x = data.x
        for conv in (self.conv1, self.conv2):
            h = conv(x)
            x = torch.relu(h.index_add(0, data.edge_index[1], h[data.edge_index[0]]))
        return self.head(global_mean_pool(x, data.batch))

    def training_step(self, batch, batch_idx):
        return F.cross_entropy(self(batch), batch.y)

    def validation_step(self, batch, batch_idx):
        self.log("val_acc", (self(batch).argmax(-1) == batch.y).float().mean(), batch_size=len(batch.y))

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=1e-2)


dataset = [make_graph(number) for number in range(120)]
model = GraphGNN()
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
    DataLoader(dataset[:80], batch_size=16, shuffle=True, collate_fn=collate),
    DataLoader(dataset[80:], batch_size=16, collate_fn=collate),
)
