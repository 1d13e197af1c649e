"""The networks that learn from few labels: a small convolutional one for images, one hidden layer for features."""

from collections.abc import Sequence

from tinyal.labeling.settings import Settings
from tinyal.model_words import make_layers
from tinynn.adaptive import Adam
from tinynn.classifier import Classifier
from tinynn.layers import Conv2D, Dense, Dropout, Flatten, Layer, MaxPool2D, ReLU
from tinynn.schedules import CosineDecay

SMALL = 8  # pixels: images are halved until a side has fewer
FILTERS, MOST_FILTERS = 16, 64
HIDDEN = 128


def make_model(shape: Sequence[int], classes: Sequence[str], settings: Settings) -> Classifier:
    """Return an untrained model.

    Parameters
    ----------
    shape : sequence of int
        Of one row: (h, w, c) for images, (d,) for features.
    classes : sequence of str
    settings : Settings

    Examples
    --------
    >>> make_model((28, 28, 1), ["cat", "dog"], Settings()).layers[:4]
    [Conv2D(16, 3, padding='same'), ReLU(), MaxPool2D(), Conv2D(32, 3, padding='same')]
    >>> make_model((30,), ["cat", "dog"], Settings(layers=["dense 64", "relu", "dense"])).layers
    [Dense(64), ReLU(), Dense(2)]
    """
    return Classifier(
        make_layers(settings.layers, len(classes)) if settings.layers else _layers(shape, len(classes)),
        classes=classes,
        steps=settings.steps,
        optimizer=Adam(CosineDecay(2e-3)),
        seed=settings.seed,
    )


def _layers(shape: Sequence[int], classes: int) -> list[Layer]:
    layers: list[Layer] = []
    if len(shape) == 3:
        side, filters = min(shape[:2]), FILTERS
        while side >= SMALL:
            layers += [Conv2D(filters, 3, padding="same"), ReLU(), MaxPool2D()]
            side, filters = side // 2, min(2 * filters, MOST_FILTERS)
        layers.append(Flatten())
    return [*layers, Dense(HIDDEN), ReLU(), Dropout(0.3), Dense(classes)]
