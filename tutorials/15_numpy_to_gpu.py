# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # From NumPy to a GPU
#
# A graphics processor does thousands of additions at once. Our network runs on one without another line of code. How
# can that be, and when is it worth it? This page runs on any machine. Where there is a GPU it uses it; where there is
# none it shows the same things on the processor, for the ideas are the same.

# %%
import time

import matplotlib.pyplot as plt
import numpy as np

import tinynn as nn
from tinynn import cuda
from tinynn.kernels.adam import ADAM
from tinynn.random_bits import fill_words, key

print('device="auto" is', cuda.explain_auto())

# %% [markdown]
# ## The same code, another library
#
# [CuPy](https://cupy.dev) has NumPy's functions under NumPy's names, for arrays in the memory of a GPU. A layer that
# says `np.maximum(x, 0)` is bound to the processor. A layer that says `self.xp.maximum(x, 0)`, where `xp` is one
# library or the other, is not. That is all there is to it, in principle:


# %%
def softmax(xp, z):
    """Turn logits (n, K) into probabilities, with whichever library is given."""
    p = xp.exp(z - z.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


net = nn.Sequential([nn.Dense(4), nn.ReLU(), nn.Dense(3)], input_shape=2, device="auto")
xp = net.backend.xp
print("this network computes with", xp.__name__)
print(net.backend.to_numpy(softmax(xp, net.forward(xp.asarray([[1.0, 2.0]], dtype="float32")))).round(3))

# %% [markdown]
# One rule goes with it: arrays cross between the two memories at named places only (`asarray`, `to_numpy`). NumPy would
# gladly turn anything into an array of its own, and each time the processor would wait until the GPU is done, and copy.
#
# ## When is it worth it?
#
# Each operation has a price before it does anything: Python finds the function, the function looks at its arguments, on
# a GPU something is sent to the device. Then it costs by the number. We measure it here, for `x + y`:

# %%
sizes = np.unique(np.logspace(1, 6.5, 23).astype(int))
seconds = []
for n in sizes:
    x, y, out = (np.ones(n, np.float32) for _ in range(3))
    trials = []
    for _ in range(7):
        start = time.perf_counter()
        for _ in range(20):
            np.add(x, y, out=out)
        trials.append((time.perf_counter() - start) / 20)
    seconds.append(min(trials))
price, each = seconds[0], seconds[-1] / sizes[-1]
print(f"an addition costs {1e6 * price:.2f} µs before the first number, then {1e9 * each:.2f} ns a number")
print(f"so below about {price / each:,.0f} numbers the call costs more than the work")

# %% tags=["hide-input"]
figure, ax = plt.subplots(figsize=(6, 3.2), layout="constrained")
ax.loglog(sizes, 1e6 * np.array(seconds), "o-", label="measured, on this processor")
ax.axhline(1e6 * price, color="C1", linestyle="--", label="the price of a call")
ax.set(xlabel="numbers", ylabel="µs")
ax.legend()
plt.show()

# %% [markdown]
# On a GPU the flat part is higher, several microseconds for each launch, and the slope behind it is far lower. So a GPU
# wins where arrays are large. A step of our small network for MNIST has arrays of 128 x 128 numbers and some fifty
# operations: most of it is the flat part. Three things are done about that.
#
# ## One launch instead of ten
#
# Adam, written in words of arrays, goes eleven times over its vectors. On a GPU that is eleven launches. A kernel of
# one's own does it in one: each thread takes one parameter through the whole step. Both forms stand side by side in
# `tinynn/kernels/`; here is the kernel,

# %%
print("\n".join(line[4:] for line in ADAM.body.strip("\n").splitlines()))

# %% [markdown]
# and the tests compile this very text for a processor and compare it with NumPy's numbers, bit by bit. That is how one
# can trust it without a GPU.
#
# ## Bits from a counter
#
# Dropout needs random numbers, millions of them. A generator with a state hands them out one after the other, which is
# just what a thousand threads cannot use. So the bits come from a *counter*: number i is a hash of i and a key. Every
# thread can compute its own, in any order, and processor and GPU get the same masks.


# %%
def words(positions):
    """Return the random words of these positions, each computed on its own."""
    positions = np.array(positions, np.uint32)
    out, scratch = np.empty_like(positions), np.empty_like(positions)
    fill_words(np, positions, key(0, 1), out, scratch)
    return out


print(words([0, 1, 2, 3, 4, 5]))
print("two of them alone, in another order:", words([4, 1]))
assert (words([4, 1]) == words(range(6))[[4, 1]]).all()

# %% [markdown]
# ## Do not ask
#
# The processor need not wait for a GPU: it sends off the next step while the last is still being computed. Until
# somebody asks for a number. A `print(loss)` in each step makes it wait in each step. So losses are added up where they
# are, and read once an epoch; the images travel once, as bytes; each epoch sends one permutation. In the tests a
# stand-in for a GPU counts every launch and every transfer of a step, and a step that has one too many fails.
#
# And at last, `fit(..., graphs=True)` records the launches of a step and replays them as one.
#
# ## Is it right?
#
# The gradients of a network in float32, wherever it lives, against float64 on the processor:

# %%
data = nn.datasets.load("digits")
layers = [nn.Dense(32), nn.Tanh(), nn.Dense(10)]
gradients = {}
for device, dtype in (("cpu", "float64"), ("auto", "float32")):
    network = nn.Sequential([layer.copy() for layer in layers], 64, seed=0, device=device, dtype=dtype)
    loss = nn.SoftmaxCrossEntropy()
    to = network.backend.asarray
    outputs = network.forward(to(data.x_train[:100] / 255, dtype=dtype), training=True)
    loss.forward(outputs, to(data.y_train[:100]))
    network.backward(loss.backward())
    gradients[dtype] = network.backend.to_numpy(network.gradients).astype(float)
gap = np.linalg.norm(gradients["float32"] - gradients["float64"]) / np.linalg.norm(gradients["float64"])
print(f"relative difference {gap:.1e}")
assert gap < 1e-5

# %% [markdown]
# ## What to remember
#
# - Write `xp`, not `np`, and cross between memories at named places.
# - A GPU pays for itself where arrays are large. For 109,000 weights and batches of 128, measure before you believe.
# - Launches and waits are what costs: put operations together, and do not ask for numbers in between.
#
# The guide "Compute on a GPU" says how to install what is needed, and what has not yet been tried on one.
