"""Checks of the data: how large the inputs are, and whether the targets are something to learn."""

import numpy as np

from tinynn.health.health_report import Finding
from tinynn.health.patient import Patient
from tinynn.layers.chain import walk
from tinynn.layers.normalization import BatchNorm, LayerNorm

LARGE = 10.0  # root mean square; inputs of mean 0 and variance 1 have 1, pixels from 0 to 255 about 80
SMALL = 0.02  # the largest number; pixels divided by 255 twice reach 0.004
ENOUGH = 20  # rows, to speak of shares
LOPSIDED = 0.9  # share of the most frequent class


def check_inputs(patient: Patient) -> list[Finding | str]:
    """Look at the numbers that go into the network."""
    if not patient.finite:
        return [
            Finding(
                "not-finite",
                "some inputs are NaN or infinite; one such row makes every weight NaN",
                "drop or fill those rows: x[~np.isfinite(x).reshape(len(x), -1).all(axis=1)] shows them",
                layer="the inputs",
            )
        ]
    if len(patient.x) == 1:
        return [
            Finding(
                "single-row",
                "there is only one row: any network learns it by heart, and nothing can be said about learning",
                "pass the rows that the network is to be trained on, some hundreds or more",
            )
        ]
    x = np.array(patient.net.backend.to_numpy(patient.inputs), dtype=np.float64)
    size, low, high = float(np.sqrt(np.mean(x**2))), x.min(), x.max()
    constant = float((x == x[:1]).all(axis=0).mean())
    if constant == 1 and len(x) > 1:
        return [
            Finding(
                "identical-rows",
                f"all {len(x)} rows that were looked at are the same, so there is nothing to tell them apart by",
                "look at how x was loaded, sliced or filled: x.std(axis=0) should not be zero everywhere",
            )
        ]
    first = next(walk(patient.net.layers))
    if isinstance(first, BatchNorm | LayerNorm):
        return [f"inputs: {low:.3g} to {high:.3g}, brought to scale by {first!r}"]
    if size > LARGE:
        pixels = low >= 0 and 200 < high <= 255
        fix = (
            "these look like pixels: divide by 255, or pass them as uint8, which the network does itself"
            if pixels
            else "standardise: x = (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-8), with the training set's numbers"
        )
        return [
            Finding(
                "inputs-not-scaled",
                f"inputs go from {low:.3g} to {high:.3g} (root mean square {size:.3g}); networks start with weights "
                "for inputs of about 1, so all signals and gradients are as many times too large",
                fix,
                value=size,
            )
        ]
    if max(abs(low), abs(high)) < SMALL:
        return [
            Finding(
                "inputs-not-scaled",
                f"no input is larger than {max(abs(low), abs(high)):.2g}; networks start with weights for inputs of "
                "about 1, so the signals get lost beside the biases",
                "look for a division made twice, such as uint8 / 255 / 255; inputs should spread about 1",
                value=size,
            )
        ]
    sentence = f"inputs: {low:.3g} to {high:.3g}, mean {x.mean():.2g}, standard deviation {x.std():.2g}"
    return [sentence + (f"; {constant:.0%} of the features never change" if constant >= 0.005 else "")]


def check_targets(patient: Patient) -> list[Finding | str]:
    """Look at what the network is to say."""
    y = patient.targets
    if len(y) > 1 and (y == y[:1]).all():
        what = (
            f"every label is {y[0]}"
            if y.ndim == 1 and y.dtype.kind in "iu"
            else "all rows have the same target"
        )
        return [
            Finding(
                "constant-targets",
                f"{what}: the network learns to say that, whatever the input, and nothing else",
                "look at how y was made; a sorted data set cut into slices gives one class a slice: shuffle first",
            )
        ]
    if y.ndim == 1 and y.dtype.kind in "iu":
        counts = np.bincount(y)
        most, seen = counts.max() / len(y), int((counts > 0).sum())
        classes = patient.net.output_shape[-1]
        if most > LOPSIDED and len(y) >= ENOUGH:
            return [
                Finding(
                    "lopsided-classes",
                    f"{most:.1%} of the labels are {counts.argmax()}: who always says that is right that often",
                    "compare accuracy with that share, not with 0; nn.SoftmaxCrossEntropy(class_weights=...) or "
                    "more rows of the other classes give them a say",
                    value=float(most),
                )
            ]
        return [f"labels: {seen} of {classes} classes occur, the largest has {most:.0%} of the rows"]
    if y.dtype.kind == "f" and patient.baselines.kind == "numbers":
        return [f"targets: {y.min():.3g} to {y.max():.3g}, standard deviation {y.std():.2g}"]
    return [f"targets: {len(y)} rows, not all the same"]
