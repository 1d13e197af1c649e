"""Exercise 12: k-center, rows that cover the pool (Sener & Savarese 2018, Algorithm 1).

Question. A label says something about the rows near it. So take the row that is farthest from every label: which
distance of a row counts, that to the nearest label or that to the farthest? After the first row is chosen, what changes
for the others? What would be wrong with taking the n farthest rows at once?

Fill in the body, and as often as you like run

    tinynn check tutorials/exercises/12_k_center.py

With --hint it gives a hint, with --hint 2 and --hint 3 further ones.
"""

import numpy as np

EXERCISE = "k-center"


def k_center(x: np.ndarray, labeled: np.ndarray, n: int) -> np.ndarray:
    """Return n row numbers of x, (n,), in the order in which they are chosen.

    x has shape (rows, features); `labeled` are the numbers of the rows with a label, at least one. n times, choose the
    row whose Euclidean distance to the nearest labelled or chosen row is largest; of equally far ones the first. No
    labelled row is chosen and none twice, even where all distances are 0.
    """
    raise NotImplementedError("n times the row that is covered worst")
