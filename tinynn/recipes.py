"""Recipes: set-ups that train a network to a known result, each a few lines to read and one command to run.

``tinynn train --recipe NAME`` runs one; ``tinynn train --list`` lists them. docs/results/recipes.md says what they
reach, and how their settings were chosen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tinynn.adaptive import Adam, AdamW
from tinynn.augmentation import Augment
from tinynn.callbacks import Callback
from tinynn.datasets import Dataset
from tinynn.layers import Conv2D, Dense, Dropout, Flatten, Layer, MaxPool2D, ReLU, Reshape
from tinynn.losses import Loss, SoftmaxCrossEntropy
from tinynn.optimizers import SGD, Optimizer
from tinynn.regularization import MaxNorm
from tinynn.schedules import CosineDecay


@dataclass(frozen=True)
class Recipe:
    """A network and how it is trained.

    Attributes
    ----------
    layers, optimizer, loss, augment, callbacks
        Specifications: every training starts from copies.
    epochs, batch_size : int
    """

    layers: Sequence[Layer]
    optimizer: Optimizer
    epochs: int
    batch_size: int
    loss: Loss = field(default_factory=SoftmaxCrossEntropy)
    augment: Augment | None = None
    callbacks: Sequence[Callback] = ()


def mlp(data: Dataset) -> Recipe:
    """784-128-64-10, ReLU, Adam, nothing else: the network that introductions begin with."""
    return Recipe(
        layers=[Dense(128), ReLU(), Dense(64), ReLU(), Dense(len(data.classes))],
        optimizer=Adam(CosineDecay(2e-3)),
        epochs=20,
        batch_size=64,
    )


def wide(data: Dataset) -> Recipe:
    """784-800-10 on the images as they are, the plain network of Simard, Steinkraus & Platt (2003)."""
    return Recipe(
        layers=[Dense(800), ReLU(), Dense(len(data.classes))],
        optimizer=SGD(CosineDecay(0.2), momentum=0.9, nesterov=True, weight_decay=1e-4),
        epochs=20,
        batch_size=64,
    )


def dropout(data: Dataset) -> Recipe:
    """3 x 1024 ReLU with dropout and a limit on the weights, after Srivastava et al. (2014)."""
    hidden: list[Layer] = [Dense(1024), ReLU(), Dropout(0.5)] * 3
    return Recipe(
        layers=[Dropout(0.2), *hidden, Dense(len(data.classes))],
        optimizer=Adam(CosineDecay(1e-3)),
        epochs=150,
        batch_size=128,
        callbacks=[MaxNorm(3.0)],
    )


def elastic(data: Dataset) -> Recipe:
    """784-800-10 on images distorted afresh every epoch: Simard, Steinkraus & Platt's (2003) lesson."""
    return Recipe(
        layers=[Dense(800), ReLU(), Dense(len(data.classes))],
        optimizer=Adam(CosineDecay(1e-3)),
        epochs=120,
        batch_size=128,
        augment=Augment(
            shift=1.5, rotate=12, scale=0.12, shear=0.1, elastic=1.2, image_shape=data.image_shape
        ),
    )


def conv(data: Dataset) -> Recipe:
    """A small convolutional network: two convolutions with pooling, one hidden layer."""
    return Recipe(
        layers=[
            Reshape((*data.image_shape, 1)),
            *[Conv2D(16, 5), ReLU(), MaxPool2D(2)],
            *[Conv2D(32, 5), ReLU(), MaxPool2D(2)],
            *[Flatten(), Dropout(0.5), Dense(128), ReLU(), Dropout(0.5), Dense(len(data.classes))],
        ],
        optimizer=AdamW(CosineDecay(2e-3), weight_decay=0.01),
        epochs=20,
        batch_size=64,
        loss=SoftmaxCrossEntropy(label_smoothing=0.1),
    )


def conv_augmented(data: Dataset) -> Recipe:
    """A convolutional network on images moved, turned and scaled a little, afresh every epoch."""
    return Recipe(
        layers=[
            Reshape((*data.image_shape, 1)),
            *[Conv2D(32, 5), ReLU(), MaxPool2D(2)],
            *[Conv2D(64, 5), ReLU(), MaxPool2D(2)],
            *[Flatten(), Dropout(0.25), Dense(256), ReLU(), Dropout(0.5), Dense(len(data.classes))],
        ],
        optimizer=AdamW(CosineDecay(1.5e-3), weight_decay=0.01),
        epochs=25,
        batch_size=128,
        augment=Augment(shift=2, rotate=8, scale=0.08, image_shape=data.image_shape),
    )


RECIPES: dict[str, Callable[[Dataset], Recipe]] = {
    "mlp": mlp,
    "wide": wide,
    "dropout": dropout,
    "elastic": elastic,
    "conv": conv,
    "conv-augmented": conv_augmented,
}


def get(name: str) -> Callable[[Dataset], Recipe]:
    """Return a recipe by name.

    Raises
    ------
    ValueError
        For a name that is none; it lists those there are.
    """
    if name not in RECIPES:
        raise ValueError(f"there is no recipe {name!r}; there are {', '.join(RECIPES)}")
    return RECIPES[name]
