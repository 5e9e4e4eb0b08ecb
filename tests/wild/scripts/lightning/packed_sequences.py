"""Sentiment of sentences of different lengths: the collate function sorts them for `pack_padded_sequence`."""

import lightning as L
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

import chroma

chroma.autolog(splits=("train", "val"))
L.seed_everything(9, verbose=False)
words = ["<pad>", "good", "great", "bad", "awful", "film", "the", "was", "plot", "a", "cast"]


class Reviews(Dataset):
    def __init__(self, n, seed):
        generator = torch.Generator().manual_seed(seed)
        self.labels = torch.randint(2, (n,), generator=generator)
        self.sentences = []
        for label in self.labels.tolist():
            length = int(torch.randint(3, 12, (1,), generator=generator))
            sentence = torch.randint(5, len(words), (length,), generator=generator)
            sentence[0] = (1 if label else 3) + int(torch.randint(2, (1,), generator=generator))
            self.sentences.append(sentence)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.sentences[i], len(self.sentences[i]), self.labels[i]


def collate_batch(batch):
    batch = sorted(batch, key=lambda item: item[1], reverse=True)
    sentences, lengths, labels = zip(*batch, strict=True)
    return pad_sequence(sentences, batch_first=True), torch.tensor(lengths), torch.stack(labels)


class SentimentLSTM(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(words), 8, padding_idx=0)
        self.lstm = nn.LSTM(8, 10, batch_first=True)
        self.linear = nn.Linear(10, 2)

    def forward(self, text, lengths):
        packed = pack_padded_sequence(self.embedding(text), lengths, batch_first=True)
        _, (hidden, _) = self.lstm(packed)
        return self.linear(hidden[-1])

    def training_step(self, batch, _):
        text, lengths, labels = batch
        return F.cross_entropy(self(text, lengths), labels)

    def validation_step(self, batch, _):
        text, lengths, labels = batch
        self.log("val_loss", F.cross_entropy(self(text, lengths), labels))

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=1e-2)


train_dataset, val_dataset = Reviews(96, 0), Reviews(60, 1)
model = SentimentLSTM()
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
    DataLoader(train_dataset, batch_size=16, shuffle=True, collate_fn=collate_batch),
    DataLoader(val_dataset, batch_size=20, collate_fn=collate_batch),
)
