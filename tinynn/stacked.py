"""Networks of the same layers as one: each product, each function, each step of the optimiser is one for all."""

from collections.abc import Sequence

from tinynn import random_bits
from tinynn.adaptive import Adam, AdamW, RMSProp
from tinynn.backend import Array
from tinynn.layers import (
    ELU,
    GELU,
    Dense,
    Dropout,
    Flatten,
    Layer,
    LeakyReLU,
    ReLU,
    Reshape,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from tinynn.layers.chain import backward, connect, forward
from tinynn.losses import SoftmaxCrossEntropy
from tinynn.network import Sequential
from tinynn.optimizers import SGD, Optimizer


class StackedDense(Dense):
    """The Dense layers of M networks: y[k] = x[k] W[k] + b[k].

    ====== ====================== ==========================================
    x      (M·n, inputs)          the rows of network 0, then those of 1 ...
    W      (M, inputs, units)
    b      (M, units)
    y      (M·n, units)
    ====== ====================== ==========================================
    """

    def forward(self, x: Array, training: bool = False) -> Array:
        """y[k] = x[k] W[k] + b[k], one batched product."""
        self.x = x.reshape(len(self.W), -1, x.shape[1])
        y = self.buffer("y", (len(x), self.units))
        by_member = y.reshape(len(self.W), -1, self.units)
        self.xp.matmul(self.x, self.W, out=by_member)
        self.xp.add(by_member, self.b[:, None], out=by_member)
        return y

    def backward(self, dy: Array, input_gradient: bool = True) -> Array | None:
        """dW[k] = x[k]ᵀ dy[k], db[k] = 1ᵀ dy[k], dx[k] = dy[k] W[k]ᵀ."""
        members, n = self.x.shape[:2]
        dy = dy.reshape(members, n, self.units)
        self.xp.matmul(self.x.transpose(0, 2, 1), dy, out=self.dW)
        self.xp.matmul(self.constant(1.0, (members, 1, n)), dy, out=self.db[:, None])
        if not input_gradient:
            return None
        dx = self.buffer("dx", (members * n, self.x.shape[2]))
        self.xp.matmul(dy, self.W.transpose(0, 2, 1), out=dx.reshape(self.x.shape))
        return dx


class StackedDropout(Dropout):
    """The dropout layers of M networks: the rows of each are multiplied by a mask from its own key."""

    keys: Sequence[int]

    def forward(self, x: Array, training: bool = False) -> Array:
        """y[k] = x[k] · m[k] in training, y = x otherwise."""
        self.mask = None
        if not (training and self.rate):
            return x
        self.mask, y = self.buffer("mask", x.shape), self.buffer("y", x.shape)
        masks = self.mask.reshape(len(self.keys), -1)
        for k, key in enumerate(self.keys):
            self.draw_mask(masks[k], random_bits.key(key, self.step))
        self.xp.multiply(x, self.mask, out=y)
        return y


class StackedCrossEntropy(SoftmaxCrossEntropy):
    """The sum of M networks' cross-entropies, each the mean over its own rows, so that each gets its own gradient.

    What `forward` returns is nevertheless the mean over all rows, which is the mean over the networks.
    """

    def __init__(self, members: int) -> None:
        super().__init__()
        self.members = members

    def forward(
        self, outputs: Array, targets: Array, weights: Array | None = None, out: Array | None = None
    ) -> Array:
        """Return the mean loss; `t`, −1 / (M n) where a label is, becomes −1 / n, rounded as one network's is."""
        mean = super().forward(outputs, targets, weights, out)
        if self.in_one:
            self.xp.multiply(self.in_one[1], self.members, out=self.in_one[1])
        else:
            self.xp.sign(self.t, out=self.t)
            self.xp.multiply(self.t, self.members / len(outputs), out=self.t)
        return mean


EACH_ROW_ALONE = (ELU, Flatten, GELU, LeakyReLU, ReLU, Reshape, Sigmoid, SiLU, Softmax, Softplus, Tanh)
STACKED: dict[type[Layer], type[Layer]] = {layer: layer for layer in EACH_ROW_ALONE} | {
    Dense: StackedDense,
    Dropout: StackedDropout,
}
EACH_NUMBER_ALONE = (SGD, RMSProp, Adam, AdamW)


def can_stack(net: Sequential, optimizer: Optimizer) -> bool:
    """Whether every layer has a stacked form and the optimiser treats every parameter by its own gradient alone.

    A subclass may do anything, so only the classes themselves count.
    """
    return type(optimizer) in EACH_NUMBER_ALONE and all(type(layer) in STACKED for layer in net.layers)


class Stack:
    """M networks of the same layers, to be trained together.

    Rows of all networks are one batch, network by network. Layers that treat every row alone do not see the
    difference; Dense and Dropout have forms here that do.

    Parameters
    ----------
    networks : list of Sequential
        On one device, in one precision. They keep their parameters until `hand_back`.

    Attributes
    ----------
    parameters, gradients : array (M·P,)
        Layer by layer, and in each the networks' W, then their b: so each is one block of memory, (M, inputs, units),
        as a batched product on a GPU needs it. To an optimiser that treats every number alone it is one network.
    """

    def __init__(self, networks: Sequence[Sequential]) -> None:
        self.networks, first = networks, networks[0]
        self.backend, self.dtype, self.step = first.backend, first.dtype, first.step
        xp = self.backend.xp
        self.layers = [STACKED[type(layer)](**layer.config()) for layer in first.layers]
        connect(self.layers, first.input_shape, xp, self.dtype)
        self.parameters = xp.empty(len(networks) * first.parameters.size, dtype=self.dtype)
        self.gradients = xp.zeros_like(self.parameters)
        start = 0
        for i, layer in enumerate(self.layers):
            theirs = [net.layers[i] for net in networks]
            layer.parameter_names = theirs[0].parameter_names
            if isinstance(layer, StackedDropout):
                layer.keys = [each.key for each in theirs]  # type: ignore[attr-defined]
            for name in layer.parameter_names:
                values = [getattr(each, name) for each in theirs]
                shape = (len(networks), *values[0].shape)
                stop = start + len(networks) * values[0].size
                xp.stack(values, out=self.parameters[start:stop].reshape(shape))
                setattr(layer, name, self.parameters[start:stop].reshape(shape))
                setattr(layer, f"d{name}", self.gradients[start:stop].reshape(shape))
                start = stop

    def propagate(self, x: Array) -> Array:
        """Compute the outputs of a training step for rows x (M·n, ...), those of network 0 first."""
        self.step += 1
        for layer in self.layers:
            if isinstance(layer, StackedDropout):
                layer.step = self.step
        return forward(self.layers, x, training=True)

    def backpropagate(self, dy: Array) -> None:
        """Fill `gradients`."""
        backward(self.layers, dy, input_gradient=False)

    def hand_back(self) -> None:
        """Give the networks what they have become."""
        for k, net in enumerate(self.networks):
            net.step = self.step
            for layer, own in zip(self.layers, net.layers, strict=True):
                for name in layer.parameter_names:
                    setattr(own, name, getattr(layer, name)[k])
