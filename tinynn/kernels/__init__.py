"""Fused kernels: what a GPU does in one launch where the readable form takes several. To be read last.

A launch costs a GPU some microseconds, whatever it does, and a training step of a small network is little else: with
these kernels it is 21 launches instead of 53. `Kernels` is the one interface to them; where a backend's ``kernels`` is
None, everything is computed by the layers, losses and optimisers as they stand written.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinynn.backend import PIXEL_SCALE, Array
from tinynn.kernels.activations import BACKWARD, FORMULAS, FORWARD, setting_of
from tinynn.kernels.adam import ADAM, NUMBERS
from tinynn.kernels.cross_entropy import MEAN, ROWS, SOFTMAX
from tinynn.kernels.gathering import PIXELS
from tinynn.kernels.masks import DROPOUT
from tinynn.kernels.recorded import BEGIN, END
from tinynn.kernels.source import REALS, THREADS, Kernel, fits
from tinynn.layers.base import Layer
from tinynn.layers.conv import Conv2D
from tinynn.layers.dense import Dense
from tinynn.layers.dropout import Dropout

KERNELS: dict[str, Kernel] = {
    kernel.name: kernel
    for kernel in (
        *FORWARD.values(),
        *BACKWARD.values(),
        ADAM,
        SOFTMAX,
        ROWS,
        MEAN,
        DROPOUT,
        PIXELS,
        BEGIN,
        END,
    )
}
WORD = 0xFFFFFFFF

Launch = Callable[[Kernel, Any, int, tuple[Any, ...]], None]
"""Runs a kernel: which, in which precision, on how many threads, with which arguments (None is no array)."""

__all__ = ["KERNELS", "NUMBERS", "Kernel", "Kernels", "Launch"]


class Kernels:
    """What a device can do in one launch.

    Parameters
    ----------
    xp : module
        The array library.
    launch : function
        Runs one kernel; see `Launch`.
    recorder : optional
        Records launches to repeat them; see `tinynn.replay`.
    no_recorder : str, optional
        Why there is none.
    """

    def __init__(self, xp: Any, launch: Launch, recorder: Any = None, no_recorder: str = "") -> None:
        self.xp, self.launch, self.recorder, self.no_recorder = xp, launch, recorder, no_recorder

    fit = staticmethod(fits)

    def forward(self, layers: Sequence[Layer], x: Array, training: bool = False) -> Array:
        """Apply layers in order, as `tinynn.layers.chain.forward` does; a bias and what follows it are one launch."""
        position = 0
        while position < len(layers):
            layer = layers[position]
            after = layers[position + 1] if position + 1 < len(layers) else None
            position += 1
            if x.dtype not in REALS or not _as_written(layer):
                x = layer.forward(x, training)
            elif after is not None and type(layer) in (Dense, Conv2D) and self._is_activation(after):
                x = self._activate(after, layer.product(x), layer.b)  # type: ignore[attr-defined]
                position += 1
            elif type(layer) in FORMULAS and x.flags.c_contiguous:
                x = self._activate(layer, x)
            elif type(layer) is Dropout and training and layer.rate and layer.thinned is None and fits(x):
                x = self._drop(layer, x)
            else:
                x = layer.forward(x, training)
        return x

    def backward(self, layer: Layer, dy: Array, input_gradient: bool) -> Array | None:
        """Go back through one layer."""
        if not (input_gradient and self._is_activation(layer) and fits(dy)):
            return layer.backward(dy, input_gradient)
        formula, dx = FORMULAS[type(layer)], layer.buffer("dx", dy.shape)
        kept, gate = getattr(layer, formula.keeps), layer.gate if formula.gate else None  # type: ignore[attr-defined]
        if kept.dtype != dy.dtype or not kept.flags.c_contiguous:
            return layer.backward(dy, input_gradient)
        arguments = (kept, gate, dy, dx, dy.size, setting_of(layer))
        self.launch(BACKWARD[type(layer)], dy.dtype, dy.size, arguments)
        return dx

    def cross_entropy(
        self, loss: Any, outputs: Array, targets: Array, weights: Array | None, out: Array | None
    ) -> tuple[Array, Array] | None:
        """Return the mean loss of rows of logits with labels, and its gradient; None for what no kernel computes."""
        if (
            not fits(outputs)
            or weights is not None
            or loss.class_weights is not None
            or loss.label_smoothing
            or targets.ndim != 1
            or targets.dtype != np.int64
            or not targets.flags.c_contiguous
            or (out is not None and out.dtype != outputs.dtype)
        ):
            return None
        n, classes = outputs.shape
        losses, dz = loss.buffer("row", (n,)), loss.buffer("dlogits", (n, classes))
        value = self.xp.empty((), dtype=outputs.dtype) if out is None else out
        self.launch(ROWS, outputs.dtype, 32 * n, (outputs, targets, losses, dz, n, classes))
        self.launch(MEAN, outputs.dtype, THREADS, (losses, value, n))
        return value, dz

    def softmax(self, logits: Array) -> Array:
        """Return probabilities, a new array."""
        p = self.xp.empty_like(logits)
        classes = logits.shape[-1]
        n = logits.size // classes
        self.launch(SOFTMAX, logits.dtype, 32 * n, (logits, p, n, classes))
        return p

    def adam(
        self,
        parameters: Array,
        gradients: Array,
        M: Array,
        V: Array,
        betas: tuple[float, float],
        numbers: Any,
    ) -> None:
        """Take a step of Adam or AdamW, by four numbers; they may lie on the device."""
        tiny = 1e3 * float(np.finfo(parameters.dtype).tiny)
        there = isinstance(numbers, self.xp.ndarray)
        by_value = (0.0,) * NUMBERS if there else tuple(map(float, numbers))
        vectors = (parameters, gradients, M, V, parameters.size)
        arguments = (*vectors, *map(float, betas), tiny, *by_value, numbers if there else None)
        self.launch(ADAM, parameters.dtype, parameters.size, arguments)

    def draw_mask(self, layer: Dropout, mask: Array, key: int, start: int = 0) -> None:
        """Fill a mask of a dropout layer."""
        self._hash(layer, None, None, mask, key, start)

    def gather_pixels(self, pixels: Array, rows: Array, batch: Array) -> None:
        """Write rows of bytes into `batch`, as numbers from 0 to 1."""
        arguments = (pixels, rows, batch, len(rows), batch.size // len(rows), PIXEL_SCALE)
        self.launch(PIXELS, batch.dtype, batch.size, arguments)

    def _is_activation(self, layer: Layer) -> bool:
        return type(layer) in FORMULAS and _as_written(layer)

    def _activate(self, layer: Layer, x: Array, b: Array | None = None) -> Array:
        """y = f(x + b), x + b taking the place of x."""
        formula, y = FORMULAS[type(layer)], layer.buffer("y", x.shape)
        gate = layer.buffer("gate", x.shape) if formula.gate else None
        arguments = (x, b, y, gate, x.size, x.shape[-1], setting_of(layer))
        self.launch(FORWARD[type(layer)], x.dtype, x.size, arguments)
        vars(layer).update({formula.keeps: x if formula.keeps == "x" else y}, gate=gate)
        return y

    def _drop(self, layer: Dropout, x: Array) -> Array:
        y, layer.mask = layer.buffer("y", x.shape), layer.buffer("mask", x.shape)
        key = 0 if layer.key_on_device is not None else layer.step_key()
        self._hash(layer, x, y, layer.mask, key, layer.numbers_before(x))
        return y

    def _hash(
        self, layer: Dropout, x: Array | None, y: Array | None, mask: Array, key: int, start: int
    ) -> None:
        bits, threshold, scale = layer.thresholds()
        words = layer.key_on_device if x is not None else None
        arguments = (
            *(x, y, mask, mask.size, start),
            *(bits, threshold, scale, key & WORD, key >> 32, words),
        )
        self.launch(DROPOUT, mask.dtype, mask.size, arguments)


def _as_written(layer: Layer) -> bool:
    """Whether nobody has put something else in the place of a layer's methods, to watch it for example."""
    return "forward" not in vars(layer) and "backward" not in vars(layer)
