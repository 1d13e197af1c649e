"""Convolution as matrix products: the windows of an image as lines of a matrix C, with little of it written out.

Written out in full ("im2col"), C holds a pixel once for each of the size · size windows that see it, and copying it can
take as long as multiplying by it. Here pixels are copied along the width only: a strip holds what a column of windows
sees, line below line, so that the next window down starts one line later in the same memory.

    image        strip of column 0     windows in it, 2 × 2
    a b c        a b                   a b d e
    d e f        d e                       d e g h
    g h i        g h

Such windows are overlapping views, and BLAS multiplies them where they lie (MEC: Cho & Brand 2017, "Memory-efficient
Convolution for Deep Neural Network"). It only asks that the lines of one matrix do not overlap; so C is a stack of
matrices, one for each row of the output, and its lines are in the order row, image, column. On a GPU, whose BLAS would
copy such views, C is one matrix, written out in full, its lines in the order image, row, column.

What that buys, for 128 images of 25 × 25 × 32 and 32 filters of 4 × 4 on one thread of a Zen 4 processor (AVX-512,
OpenBLAS 0.3.31, float32): forward 22 ms instead of 28, backward 52 instead of 80; for 12 × 12 × 8 and 16 filters of
5 × 5 0.7 instead of 1.2 and 2.8 instead of 5.3. The matrix products alone would take 20 and 39 ms at that processor's
best of 103 GFLOP/s.
"""

import math
from typing import Any

import numpy as np

from tinynn.backend import Array
from tinynn.buffers import Buffered, Shape
from tinynn.layers.windows import Padding

CACHED_NUMBERS = 2**19  # two megabytes of float32
# Up to so many multiplications, OpenBLAS takes matrices as they are (on processors with AVX-512). Larger ones it first
# rearranges, which for the narrow matrices of a convolution takes a fifth of the time, and divides among its threads,
# which costs more than it brings wherever these have to wait for a processor.
SMALL_PRODUCT = 10**6


def pieces(xp: Any, n: int, numbers: int, lines: int, weights: int) -> list[slice]:
    """Divide n images into pieces that are worked on together; for a GPU all are one piece.

    Parameters
    ----------
    xp : module
    n : int
    numbers : int
        Working memory of one image. That of a piece should stay in the cache.
    lines, weights : int
        One image brings so many lines to a matrix product with so many weights.
    """
    step = n
    if xp is np:
        step = CACHED_NUMBERS // numbers
        # With fewer than 32 lines there is no gain in a small product; then weights are rather rearranged seldom.
        step = min(step, SMALL_PRODUCT // (lines * weights)) if 32 * weights <= SMALL_PRODUCT else 4 * step
    step = max(step, 1)
    return [slice(start, min(start + step, n)) for start in range(0, n, step)]


def window_lines(
    work: Buffered, x: Array, window: tuple[int, int], steps: tuple[int, int], around: Padding
) -> Array:
    """Return C, each window as a line of height · width · channels numbers. It is not to be written to.

    Parameters
    ----------
    work : Buffered
        Keeps the memory.
    x : array (n, height, width, channels)
    window, steps : (int, int)
    around : ((int, int), (int, int))
        Zeros above and below, left and right.

    Returns
    -------
    array (rows, n · columns, numbers), on a GPU (n · rows · columns, numbers)
    """
    x = _pad(work, x, around)
    n, height, width, channels = x.shape
    image, down, right, channel = x.strides
    as_strided = work.xp.lib.stride_tricks.as_strided
    rows, columns = (height - window[0]) // steps[0] + 1, (width - window[1]) // steps[1] + 1
    if work.xp is not np:
        shape: Shape = (n, rows, columns, *window, channels)
        C = work.buffer("C", shape)
        work.xp.copyto(
            C, as_strided(x, shape, (image, down * steps[0], right * steps[1], down, right, channel))
        )
        return C.reshape(n * rows * columns, -1)
    shape = (n, columns, height, window[1], channels)
    strips = work.buffer("strips", shape)
    work.xp.copyto(strips, as_strided(x, shape, (image, right * steps[1], down, right, channel)))
    line = strips.strides[2]
    shape = (rows, n * columns, math.prod(window) * channels)
    return as_strided(strips, shape, (line * steps[0], line * height, strips.itemsize))


def by_row(work: Buffered, y: Array) -> Array:
    """Write places (n, rows, columns, filters) as lines, in the order in which `window_lines` has them."""
    n, rows, columns, filters = y.shape
    if work.xp is not np:
        return y.reshape(-1, filters)
    lines = work.buffer("lines", (rows, n, columns, filters))
    work.xp.copyto(lines, y.transpose(1, 0, 2, 3))
    return lines.reshape(rows, n * columns, filters)


def by_image(lines: Array, shape: Shape) -> Array:
    """Return the view of lines in which each image has its places, (n, rows, columns, filters): `by_row` undone."""
    rows, columns, filters = shape
    if lines.ndim == 2:
        return lines.reshape(-1, *shape)
    return lines.reshape(rows, -1, columns, filters).transpose(1, 0, 2, 3)


def add_products(work: Buffered, C: Array, D: Array, dW: Array, parts: int) -> None:
    """dW += Cᵀ D, which for a stack is Σᵢ C[i]ᵀ D[i]; where it makes small products, in so many parts of dW."""
    if C.ndim == 2:
        product = work.buffer("product", dW.shape)
        work.xp.matmul(C.T, D, out=product)
        dW += product
        return
    size = len(dW) if C.shape[1] * dW.size <= SMALL_PRODUCT else len(dW) // parts
    together = max(1, CACHED_NUMBERS // (size * dW.shape[1]))
    total = work.buffer("total", (size, dW.shape[1]))
    for i in range(0, len(C), together):
        for part in range(0, len(dW), size):
            transposed = C[i : i + together, :, part : part + size].transpose(0, 2, 1)
            products = work.buffer("products", (len(transposed), *total.shape))
            work.xp.matmul(transposed, D[i : i + together], out=products)
            work.xp.add.reduce(products, axis=0, out=total)
            dW[part : part + size] += total


def add_up(work: Buffered, dy: Array, W: Array, steps: tuple[int, int], around: Padding, dx: Array) -> None:
    """dx = the sum of each pixel's places in dC = dy Wᵀ.

    Pixel (i, j) of all windows gets dy W[i, j]ᵀ. First the rows of a window are added up, for each of its columns
    apart, then the columns: 2 · size sums over long stretches of memory instead of size · size over short ones.
    """
    xp, (n, rows, columns, filters) = work.xp, dy.shape
    (high, wide, channels, _), (down, right) = W.shape, steps
    ((above, below), (left, right_side)), (height, width) = around, dx.shape[1:3]
    padded = any((above, below, left, right_side))
    full = (n, above + height + below, left + width + right_side, channels)
    dx_padded = work.buffer("dx padded", full) if padded else dx
    transposed = work.buffer("transposed", (high, wide, filters, channels))
    xp.copyto(transposed, W.transpose(0, 1, 3, 2))  # OpenBLAS is faster with it than with a view
    row = work.buffer("row", (wide, n, rows, columns, channels))
    sums = work.buffer("sums", (wide, n, full[1], columns, channels))
    sums.fill(0)
    dx_padded.fill(0)
    for i in range(high):
        for j in range(wide):
            xp.matmul(dy.reshape(-1, filters), transposed[i, j], out=row[j].reshape(-1, channels))
        there = sums[:, :, i : i + down * (rows - 1) + 1 : down]
        there += row
    for j in range(wide):
        there = dx_padded[:, :, j : j + right * (columns - 1) + 1 : right]
        there += sums[j]
    if padded:
        xp.copyto(dx, dx_padded[:, above : above + height, left : left + width])


def _pad(work: Buffered, x: Array, around: Padding) -> Array:
    (above, below), (left, right) = around
    if not any((above, below, left, right)):
        return x
    n, height, width, channels = x.shape
    padded = work.buffer("padded", (n, above + height + below, left + width + right, channels))
    padded.fill(0)
    padded[:, above : above + height, left : left + width] = x
    return padded
