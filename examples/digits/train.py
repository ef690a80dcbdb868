"""Trains the digits network and writes digits.safetensors, exactly as any PyTorch user would.

Needs PyTorch, safetensors and scikit-learn, which the compiler doesn't: `python examples/digits/train.py`. The committed
weights came from this script. The held-out fifth (held_out.py) takes no part in it: the number of epochs and
the size of the network were chosen beforehand, and it is looked at once, at the end.
"""

import collections
import pathlib

import numpy
import torch
from safetensors.torch import save_file

from held_out import load_digits_split

FOLDER = pathlib.Path(__file__).parent
EPOCHS = 60
BATCH = 64


def make_model():
    """The network of digits.json: the names of its layers are the keys of the weights."""
    return torch.nn.Sequential(
        collections.OrderedDict(
            conv1=torch.nn.Conv2d(1, 16, kernel_size=3, padding=1),
            relu1=torch.nn.ReLU(),
            conv2=torch.nn.Conv2d(16, 32, kernel_size=3, padding=1, bias=False),
            bn2=torch.nn.BatchNorm2d(32),
            relu2=torch.nn.ReLU(),
            pool=torch.nn.MaxPool2d(2),
            conv3=torch.nn.Conv2d(32, 64, kernel_size=3, stride=2, padding=1),
            relu3=torch.nn.ReLU(),
            flatten=torch.nn.Flatten(),
            fc=torch.nn.Linear(64 * 2 * 2, 10),
        )
    )


def shift_randomly(images, generator):
    """Moves each image by up to one pixel each way: a scan is never perfectly centred."""
    padded = torch.nn.functional.pad(images, (1, 1, 1, 1))
    moved = torch.empty_like(images)
    offsets = torch.randint(0, 3, (len(images), 2), generator=generator)
    for index, (row, column) in enumerate(offsets.tolist()):
        moved[index] = padded[index, :, row : row + 8, column : column + 8]
    return moved


def accuracy(model, images, labels):
    with torch.no_grad():
        return (model.eval()(images).argmax(1) == labels).float().mean().item()


def main():
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    split = load_digits_split()
    images, labels = torch.from_numpy(split.training_images), torch.from_numpy(split.training_labels)
    model = make_model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    for epoch in range(EPOCHS):
        model.train()
        losses = []
        for batch in torch.randperm(len(images), generator=generator).split(BATCH):
            logits = model(shift_randomly(images[batch], generator))
            loss = torch.nn.functional.cross_entropy(logits, labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        schedule.step()
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1}: loss {numpy.mean(losses):.4f}, accuracy in training {accuracy(model, images, labels):.4f}")
    model.eval()
    save_file(model.state_dict(), FOLDER / "digits.safetensors")
    held_out = accuracy(model, torch.from_numpy(split.held_out_images), torch.from_numpy(split.held_out_labels))
    print(f"held out: {held_out:.4f} of {len(split.held_out_images)}")


if __name__ == "__main__":
    main()
