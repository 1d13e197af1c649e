"""The table of a network: right to the character for a small one, and never wider than a terminal."""

import math

import numpy as np
import pytest

import tinynn as nn
from tests.tinynn.test_gradients import LAYERS
from tinynn.summary import human


def test_a_small_network_to_the_character(device):
    layers = [nn.Residual([nn.Dense(3), nn.Tanh()]), nn.Reshape((3, 1)), nn.Flatten(), nn.Dense(1000)]
    assert nn.Sequential(layers, 3, device=device).summary().split("\n") == [
        "layer            output shape  parameters  memory  activations",
        "--------------------------------------------------------------",
        "input            (3,)                   0     0 B         12 B",
        "Residual         (3,)                   0     0 B         12 B",
        "  Dense(3)       (3,)                  12    48 B         12 B",
        "  Tanh()         (3,)                   0     0 B         12 B",
        "Reshape((3, 1))  (3, 1)                 0     0 B          0 B",
        "Flatten()        (3,)                   0     0 B          0 B",
        "Dense(1000)      (1000,)            4,000  16 KiB      3.9 KiB",
        "--------------------------------------------------------------",
        "total                               4,012  16 KiB      4.0 KiB",
    ]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", LAYERS)
def test_rows_add_up_to_the_total(name, dtype):
    net = nn.Sequential([LAYERS[name].make()], LAYERS[name].largest, dtype=dtype)
    lines = net.summary().split("\n")
    count = net.parameters.size
    assert lines[-1].split()[:4] == ["total", f"{count:,}", *human(count * net.dtype.itemsize).split()]
    row = human(math.prod(net.input_shape) * net.dtype.itemsize)
    assert lines[2].endswith(row)
    assert len({len(line) for line in lines}) == 1


def test_never_wider_than_a_terminal():
    deep = nn.Tanh()
    for _ in range(60):
        deep = nn.Residual([deep])
    conv = nn.Conv2D(7, (10, 11), (1, 1), ((1, 2), (3, 4)), "glorot")
    shape = nn.Sequential([conv.copy(), nn.Flatten()], (30, 40, 50)).output_shape
    layers = [conv, nn.Reshape((1,) * 30 + shape), deep]
    lines = nn.Sequential(layers, (30, 40, 50)).summary().split("\n")
    assert max(map(len, lines)) <= 80
    assert any("…" in line for line in lines)


def test_units_of_memory():
    sizes = [0, 1023, 1024, 10 * 1024, 1023.6 * 1024, 2**20, 3.25 * 2**30, 2**40, 5000 * 2**40]
    said = ["0 B", "1,023 B", "1.0 KiB", "10 KiB", "1.0 MiB", "1.0 MiB", "3.2 GiB", "1.0 TiB", "5,000 TiB"]
    assert list(map(human, sizes)) == said


def test_the_memory_is_that_of_the_vector():
    net = nn.Sequential([nn.Dense(16)], 15)
    assert human(net.parameters.nbytes) == "1.0 KiB"
    assert "1.0 KiB" in net.summary()
    assert net.parameters.dtype == np.float32
