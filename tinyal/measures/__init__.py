"""Turn class probabilities into scores: how unsure is a model, and what would a label teach it.

Every score but `margin` means "larger = ask first". Logarithms are natural, entropies in nats. Probabilities
have shape (n rows, K classes), sampled ones (T samples, n rows, K classes), as NumPy or CuPy arrays or lists;
scores have shape (n,) and the precision of the input (float32 for float16, float64 for integers), so that a
float32 score is rounded by about 1e-6. What is no probability raises the error of `check_probabilities`:
scored in silence, a NaN would win every argmax.
"""

from tinyal.measures.disagreement import bald, consensus_kl, mean_std, variation_ratio, vote_entropy
from tinyal.measures.information import information_gain
from tinyal.measures.prediction import entropy, least_confidence, margin
from tinyal.probabilities import ROWS, SAMPLES, check_probabilities

__all__ = [
    "ROWS",
    "SAMPLES",
    "bald",
    "check_probabilities",
    "consensus_kl",
    "entropy",
    "information_gain",
    "least_confidence",
    "margin",
    "mean_std",
    "variation_ratio",
    "vote_entropy",
]
