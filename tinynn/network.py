"""A chain of layers over one flat vector of parameters."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinynn import model_file, random_bits, snapshot
from tinynn.backend import Array, get_backend
from tinynn.buffers import Shape
from tinynn.checks import check_seed
from tinynn.inputs import to_input
from tinynn.layers.base import Layer
from tinynn.layers.chain import backward, connect, forward, walk
from tinynn.layers.dropout import Dropout
from tinynn.summary import summarize


class Sequential:
    """Layers applied one after the other: y = fₗ(… f₂(f₁(x))).

    All parameters are views into one vector θ and all gradients views into another of the same order, so an
    optimiser is a few lines on two vectors, and a gradient check changes one number of θ at a time. Derivation:
    `docs/derivations/two-layer-network.md`, `two-layer-backward`; `docs/derivations/chain-rule.md`, `chain-backwards`.

    Parameters
    ----------
    layers : list of Layer
        Each belongs to one network only; ``layer.copy()`` makes a fresh one.
    input_shape : tuple of int, or int
        Shape of one row, without the batch axis.
    seed : int, optional
        Decides the starting weights and the dropout masks, each by a stream of its own.
    device : {"cpu", "cuda", "auto"}, optional
    dtype : {"float32", "float64"}, optional
        float64 for checking gradients, float32 for everything else (complex128 is taken for the complex step).

    Attributes
    ----------
    parameters, gradients : array (P,)
        The two flat vectors.
    state : array (S,)
        What layers remember besides, such as running means.
    input_shape, output_shape : tuple of int
    step : int
        How many training passes went forward. Dropout masks depend on it: set it back and the masks come again.

    Raises
    ------
    ValueError
        For shapes that do not fit, naming the layer.

    Examples
    --------
    >>> import tinynn as nn
    >>> net = nn.Sequential([nn.Dense(128), nn.ReLU(), nn.Dense(10)], input_shape=(784,))
    >>> net.parameters.shape
    (101770,)
    >>> net.forward(np.zeros((5, 784))).shape
    (5, 10)
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        input_shape: Shape | int,
        *,
        seed: int = 0,
        device: str = "cpu",
        dtype: str | np.dtype[Any] = "float32",
    ) -> None:
        self.layers = list(layers)
        self.input_shape = (input_shape,) if isinstance(input_shape, int) else tuple(input_shape)
        self.seed = check_seed(seed)
        self.backend = get_backend(device)
        self.dtype = np.dtype(dtype)
        self.step = 0
        self._went_forward = False
        if self.dtype not in (np.float32, np.float64, np.complex128):
            raise ValueError(f'dtype must be "float32" or "float64", not {dtype!r}')
        if not self.layers:
            raise ValueError("a network needs at least one layer")
        self.output_shape = connect(self.layers, self.input_shape, self.backend.xp, self.dtype)
        self._allocate()
        self._dropouts = [layer for layer in walk(self.layers) if isinstance(layer, Dropout)]
        for i, layer in enumerate(self._dropouts):
            layer.key = random_bits.key(seed, i)

    def _allocate(self) -> None:
        """Draw the first weights on the host, the same for every device, and give each layer its named views."""
        rng = np.random.default_rng(np.random.SeedSequence(self.seed).spawn(1)[0])
        layers = list(walk(self.layers))
        parameters = [(layer, layer.initial_parameters(rng)) for layer in layers]
        self.parameters = self._vector(parameters)
        self.gradients = self._vector(parameters, prefix="d")
        self.gradients.fill(0)
        self.state = self._vector([(layer, layer.initial_state()) for layer in layers])
        for layer, values in parameters:
            layer.parameter_names = tuple(values)
            layer.bound = frozenset((*values, *(f"d{name}" for name in values), *layer.initial_state()))

    def _vector(self, values: list[tuple[Layer, dict[str, np.ndarray]]], prefix: str = "") -> Array:
        """Put named arrays one after the other into one vector, and set each layer's views of it."""
        arrays = [np.ravel(array) for _, named in values for array in named.values()]
        vector = self.backend.asarray(np.concatenate([np.zeros(0), *arrays]), dtype=self.dtype)
        start = 0
        for layer, named in values:
            for name, array in named.items():
                setattr(layer, prefix + name, vector[start : start + array.size].reshape(array.shape))
                start += array.size
        return vector

    def forward(self, x: Any, training: bool = False) -> Array:
        """Compute the outputs of a batch: those of the last layer, so of a classifier that ends in Dense the logits.

        Parameters
        ----------
        x : array (n, *input_shape)
            From host or device, converted to the network's dtype; uint8 pixels 0 to 255 become 0 to 1.
        training : bool, optional
            Whether dropout drops.

        Returns
        -------
        array (n, *output_shape)
            A copy; on the network's device.
        """
        return self.propagate(self.to_input(x), training).copy()

    def backward(self, dy: Any, input_gradient: bool = True) -> Array | None:
        """Fill `gradients` from dy = ∂L/∂y of the last forward pass.

        Parameters
        ----------
        dy : array (n, *output_shape)
        input_gradient : bool, optional
            Whether ∂L/∂x is wanted too; without it the first layers are spared the work.

        Returns
        -------
        array (n, *input_shape) or None
            ∂L/∂x, a copy; None when it is not wanted.
        """
        if not self._went_forward:
            raise RuntimeError(
                "backward goes back through the last forward pass, and there was none: call forward first"
            )
        dx = self.backpropagate(self.backend.asarray(dy, dtype=self.dtype), input_gradient)
        return None if dx is None else dx.copy()

    def propagate(self, x: Array, training: bool = False) -> Array:
        """`forward` without conversion and without the copy: the result is the last layer's buffer."""
        if training:
            self.step += 1
            for layer in self._dropouts:
                layer.step = self.step
        self._went_forward = True
        return forward(self.layers, x, training)

    def backpropagate(self, dy: Array, input_gradient: bool = False) -> Array | None:
        """`backward` without the copy: the result is the first layer's buffer."""
        return backward(self.layers, dy, input_gradient)

    def copy(self, dtype: str | np.dtype[Any] | None = None) -> "Sequential":
        """Return a network of its own with the same layers, parameters, state and step, in this or another dtype."""
        other = Sequential.__new__(Sequential)
        snapshot.restore(other, snapshot.take(self) | ({} if dtype is None else {"dtype": np.dtype(dtype)}))
        return other

    to_input = to_input
    save = model_file.save
    load = classmethod(model_file.load)
    summary = summarize
    __getstate__ = snapshot.take
    __setstate__ = snapshot.restore

    def __repr__(self) -> str:
        layers = ", ".join(map(repr, self.layers))
        return (
            f"Sequential([{layers}], input_shape={self.input_shape}) with {len(self.parameters):,} parameters"
        )
