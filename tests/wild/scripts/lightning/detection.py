"""Object detection in torchvision's manner: lists of images of different sizes, lists of targets."""

import lightning as L
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, Dataset

import chroma

chroma.autolog()
L.seed_everything(6, verbose=False)


def collate_fn(batch):
    return tuple(zip(*batch, strict=True))


class Scenes(Dataset):
    def __init__(self, start, stop):
        self.images = torch.tensor(load_digits().images[start:stop] / 16, dtype=torch.float32)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, idx):
        height, width, boxes = 10 + idx % 3, 12 - idx % 2, 1 + idx % 3
        image = torch.zeros(3, height, width)
        image[:, :8, :8] = self.images[idx]
        target = {
            "boxes": torch.tensor([[0.0, 0.0, 8.0, 8.0]]).repeat(boxes, 1),
            "labels": torch.ones(boxes, dtype=torch.int64),
            "image_id": idx,
        }
        return image, target


class Detector(nn.Module):
    """Losses when it trains, a list of detections when it does not."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(3, 10, 3, 2, 1), nn.ReLU(), nn.Conv2d(10, 14, 3, 2, 1), nn.ReLU()
        )
        self.box_head = nn.Conv2d(14, 4, 1)

    def forward(self, images, targets=None):
        batch = torch.zeros(len(images), 3, 12, 12)
        for slot, image in zip(batch, images, strict=True):
            slot[:, : image.shape[1], : image.shape[2]] = image
        boxes = self.box_head(self.backbone(batch)).mean((2, 3))
        if self.training:
            wanted = torch.stack([target["boxes"][0] for target in targets])
            return {"loss_box_reg": nn.functional.smooth_l1_loss(boxes, wanted / 12)}
        return [{"boxes": box[None] * 12, "scores": torch.ones(1)} for box in boxes]


class LitDetector(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.model = Detector()

    def forward(self, images):
        return self.model(images)

    def training_step(self, batch, batch_idx):
        images, targets = batch
        return sum(self.model(images, targets).values())

    def validation_step(self, batch, batch_idx):
        images, targets = batch
        found = self.model(images)
        errors = [(f["boxes"] - t["boxes"][:1]).abs().mean() for f, t in zip(found, targets, strict=True)]
        self.log("val_error", torch.stack(errors).mean(), batch_size=len(images))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)


model = LitDetector()
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
    DataLoader(Scenes(0, 60), batch_size=10, shuffle=True, collate_fn=collate_fn),
    DataLoader(Scenes(60, 100), batch_size=10, collate_fn=collate_fn),
)
