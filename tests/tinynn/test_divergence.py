"""A loss that is no number: the step and the layer where it began, and the usual cause."""

import numpy as np
import pytest

import tinynn as nn

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def data(n=40, scale=1.0):
    x = np.random.default_rng(0).normal(size=(n, 4)) * scale
    return x, np.arange(n) % 3


class Breaks(nn.Layer):
    """Gives infinity in the given pass, forward or backward."""

    def __init__(self, at, where="forward"):
        self.at, self.where, self.passes = at, where, 0

    def forward(self, x, training=False):
        self.passes += 1
        if self.where == "forward" and self.passes >= self.at:
            x = x * np.inf
        return x

    def backward(self, dy, input_gradient=True):
        if self.where == "backward" and self.passes >= self.at:
            dy = dy * np.inf
        return dy


def message(layers, rate=0.01, x=None, y=None, device="cpu", optimizer=None, **settings):
    net = nn.Sequential(layers, 4, device=device)
    default_x, default_y = data()
    with pytest.raises(FloatingPointError) as caught:
        nn.fit(
            net,
            nn.SoftmaxCrossEntropy(),
            optimizer or nn.SGD(rate),
            default_x if x is None else x,
            default_y if y is None else y,
            **{"batch_size": 10, "epochs": 5} | settings,
        )
    return str(caught.value)


@pytest.mark.parametrize("at", [1, 6])
def test_outputs(at):
    says = message([nn.Dense(5), nn.Tanh(), Breaks(at), nn.Dense(3)])
    assert f"at step {at}, in epoch {(at - 1) // 4 + 1}." in says
    assert "began in layer 2, Breaks(" in says
    assert "whose outputs are not finite; its inputs were" in says


def test_gradients():
    """Layer 0 is the first below the break, so the first whose gradient goes; the loss hears of it a step later."""
    says = message([nn.Dense(5), Breaks(3, "backward"), nn.Tanh(), nn.Dense(3)])
    assert "at step 4, in epoch 1." in says
    assert "It began before this step: the gradient dW of layer 0, Dense(5), is not finite" in says
    assert "parameters of 1 layer(s) are lost" in says


def test_gradients_within_a_block():
    block = nn.Residual([nn.Dense(4), Breaks(3, "backward")])
    says = message([nn.Dense(4), block, nn.Dense(3)])
    assert "the gradient dW of Dense(4) in layer 1, Residual" in says
    assert "parameters of 2 layer(s)" in says


def test_a_learning_rate_that_is_too_large():
    says = message([nn.Dense(5), nn.ReLU(), nn.Dense(3)], rate=1e30)
    assert "learning rate that is too large: it was 1e+30, try 0.1" in says
    assert "nn.Clipped(nn.SGD(...))" in says


def test_inputs_that_are_far_off():
    says = message([nn.Dense(50), nn.ReLU(), nn.Dense(3)], rate=10.0, x=data(scale=1e4)[0], epochs=50)
    assert "The usual cause are inputs as large as here" in says
    assert "uint8" in says


def test_a_batch_that_holds_nan():
    """The checks of the data catch this before; a batch of a distortion gone wrong would get through."""
    x = data()[0]

    def spoil(rows, seed, step):
        rows = rows.copy()
        rows[0, 0] = np.nan if step == 2 else 0
        return rows

    says = message([nn.Dense(3)], x=x, augment=spoil)
    assert (
        "at step 3, in epoch 1. The batch itself holds NaN or infinity. Look at what makes the batches"
        in says
    )
    assert "learning rate" not in says


def test_a_loss_that_breaks_by_itself():
    class Odd(nn.SoftmaxCrossEntropy):
        def forward(self, outputs, targets, weights=None, out=None):
            value = super().forward(outputs, targets, weights, out)
            value *= np.nan
            return value

    net = nn.Sequential([nn.Dense(3)], 4)
    with pytest.raises(
        FloatingPointError, match=r"at step 1.*It began in the loss: the outputs.*finite, the largest"
    ):
        nn.fit(net, Odd(), nn.SGD(0.1), *data())


def test_on_a_device_it_is_noticed_after_the_epoch():
    layers = [nn.Dense(5), nn.ReLU(), nn.Dense(3)]
    says = message(layers, rate=1e30, device="strict")
    assert "the loss became " in says
    assert "at step 2, in epoch 1. It began before this step" in says


def test_parameters_that_are_broken_from_the_start():
    layers = [nn.Dense(5), nn.ReLU(), nn.Dense(3)]
    net = nn.Sequential(layers, 4)
    layers[2].W[0, 0] = np.nan
    with pytest.raises(
        FloatingPointError, match=r"at step 1, in epoch 1\. It began before this step: the parameter W"
    ):
        nn.fit(net, nn.SoftmaxCrossEntropy(), nn.SGD(0.1), *data())
