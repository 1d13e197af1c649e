"""Fingerprints: what each classic mistake does to a gradient, as a test on claimed and true numbers.

A fingerprint takes the `Evidence` and the names of gradients that are wrong and not explained yet, and returns a
`Diagnosis` or None. They are asked in the order of `FINGERPRINTS`: the particular before the general.
"""

from collections.abc import Callable

from tinynn.examining.evidence import Diagnosis, Evidence
from tinynn.fingerprints.activation import (
    derivative_at_input,
    derivative_at_output,
    missing_activation_derivative,
    redrawn_dropout_mask,
    wrong_activation_derivative,
)
from tinynn.fingerprints.coupling import diagonal_softmax, missing_skip, passed_by
from tinynn.fingerprints.loss import regularisation, swapped_prediction_and_target
from tinynn.fingerprints.normalization import one_statistic_as_constant, statistics_as_constants
from tinynn.fingerprints.order import right_above_wrong_below
from tinynn.fingerprints.scale import dropout_scale_missing, mean, scale, zero_gradient
from tinynn.fingerprints.weights import repeated_index, transposed_weight_gradient, unsummed_bias

Fingerprint = Callable[[Evidence, list[str]], Diagnosis | None]

FINGERPRINTS: tuple[Fingerprint, ...] = (
    zero_gradient,
    unsummed_bias,
    transposed_weight_gradient,
    repeated_index,
    dropout_scale_missing,
    mean,
    scale,
    redrawn_dropout_mask,
    missing_activation_derivative,
    derivative_at_output,
    derivative_at_input,
    wrong_activation_derivative,
    passed_by,
    diagonal_softmax,
    statistics_as_constants,
    one_statistic_as_constant,
    missing_skip,
    regularisation,
    swapped_prediction_and_target,
    right_above_wrong_below,
)

SUBTLE: tuple[Fingerprint, ...] = (mean, scale, regularisation)
"""Those that can tell their mistake from rounding where it changes the gradient only little."""
