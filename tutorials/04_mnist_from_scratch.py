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
# # MNIST from scratch
#
# Seventy thousand handwritten digits, and a network of 784, 128, 64 and 10 numbers. First every line by hand: forward,
# loss, backward, step. It gets more than 97 % of digits right that it never saw. Then the same in three lines, and a
# look at what optimisers do differently.

# %%
import time
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

import tinynn as nn

_ = threadpool_limits(1)  # for products this small several threads gain little, and round differently

# %% [markdown]
# ## The data
#
# MNIST is downloaded once, about 11 MB. Without a network we take the small digits that travel with the package.

# %%
try:
    data = nn.datasets.load("mnist")
except nn.datasets.DatasetError:
    data = nn.datasets.load("digits")
    print(
        "MNIST cannot be had here. These are 1797 small digits instead; read the numbers of the text as theirs."
    )
print(data)

figure, axes = plt.subplots(2, 10, figsize=(9.5, 2.4))
for ax, image, label in zip(axes.flat, data.x_train, data.y_train, strict=False):
    ax.imshow(image.reshape(data.image_shape), cmap="gray_r")
    ax.set_title(label, fontsize=10)
    ax.set_axis_off()
figure.tight_layout()
plt.show()

# %% [markdown]
# For the network, an image is a row of numbers. Which pixel lies beside which, it is not told.
#
# Pixels from 0 to 255 become numbers from 0 to 1. From the training images we hold some back: the **validation** rows.
# By these we look how it goes. The test images stay in their box until the end; whoever peeks at them while turning
# knobs has trained on them.

# %%
pixels = data.x_train.astype(np.float32) / 255
held = len(pixels) // 12
x, y = pixels[:-held], data.y_train[:-held]
x_held, y_held = pixels[-held:], data.y_train[-held:]
print(f"{len(x)} rows to train on, {held} held back; {x.shape[1]} numbers each")

# %% [markdown]
# ## One vector for everything
#
# The network has three matrices of weights and three vectors of biases. We put all of them into **one vector**
# $\theta$, and all slopes into a second one of the same order. The matrices are views: windows into the vector, not
# copies. Then a step of gradient descent is one line, whatever the layers are.

# %%
sizes = (x.shape[1], 128, 64, 10)
count = sum((inputs + 1) * units for inputs, units in pairwise(sizes))
theta, slopes = np.zeros(count, dtype=np.float32), np.zeros(count, dtype=np.float32)


def views(vector):
    """Cut a vector into (W, b) of each layer."""
    pairs, start = [], 0
    for inputs, units in pairwise(sizes):
        end = start + inputs * units
        pairs.append((vector[start:end].reshape(inputs, units), vector[end : end + units]))
        start = end + units
    return pairs


layers, gradients = views(theta), views(slopes)
print(f"{count} parameters in {len(layers)} layers:", *(W.shape for W, _ in layers))

# %% [markdown]
# **A question.** Could all weights start at zero?

# %% [markdown]
# **The answer.** No. All neurons of a layer would compute the same, get the same slopes, and stay the same for ever. So
# they start at random. How large? A sum over $n$ inputs grows with $\sqrt{n}$, so we make the weights smaller by that
# factor. The 2 makes up for the half that the ReLU takes away (He et al. 2015):
#
# $$
# W \sim \mathcal{N}\left(0, \frac{2}{n_{\text{inputs}}}\right)
# $$
#
# [How weights should start](../derivations/initialization.md) derives it.

# %%
rng = np.random.default_rng(0)
for W, _ in layers:
    W[...] = rng.normal(size=W.shape) * np.sqrt(2 / len(W))

# %% [markdown]
# ## Forward, loss, backward
#
# Each layer is $z = x W + b$, and between the layers comes a ReLU. The last layer gives ten numbers, the **logits**.
# The softmax makes probabilities of them, and the loss is what the right class got:
#
# $$
# p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}, \qquad
# L = -\frac{1}{n} \sum_i \ln p_{i, t_i}
# $$
#
# Its slope is again "what was said, minus what was right", as for the single neuron: $dz = (p - t) / n$, with a 1 in
# $t$ at the right class and 0 elsewhere. [Softmax](../derivations/softmax.md) and [cross-entropy, and why its
# gradient is p − y](../derivations/cross-entropy.md), have the steps.


# %%
def forward(rows):
    """Return what goes into each layer, and the logits."""
    inputs = [rows]
    for W, b in layers[:-1]:
        inputs.append(np.maximum(inputs[-1] @ W + b, 0))
    W, b = layers[-1]
    return inputs, inputs[-1] @ W + b


def loss_and_slope(logits, labels):
    """Return the loss and its slope by the logits."""
    log_p = logits - logits.max(axis=1, keepdims=True)
    log_p -= np.log(np.exp(log_p).sum(axis=1, keepdims=True))
    right = np.arange(len(labels)), labels
    dz = np.exp(log_p)
    dz[right] -= 1
    return -log_p[right].mean(), dz / len(labels)


def backward(inputs, dz):
    """Fill `slopes`, from the last layer to the first."""
    for k in reversed(range(len(layers))):
        dW, db = gradients[k]
        dW[...] = inputs[k].T @ dz
        db[...] = dz.sum(axis=0)
        if k > 0:
            dz = (dz @ layers[k][0].T) * (inputs[k] > 0)


# %% [markdown]
# **A question.** What loss do you expect before any training? A first thing to check in every program.

# %% [markdown]
# **The answer.** It knows nothing, so about what a fair guess among ten classes costs: $\ln 10 = 2.303$. Rather a
# little more, because its random answers are not all equally fair.

# %%
first_loss, dz = loss_and_slope(forward(x[:1000])[1], y[:1000])
print(f"first loss {first_loss:.3f}, ln 10 = {np.log(10):.3f}")
assert 2.2 < first_loss < 3.2

# %% [markdown]
# And the second thing to check is the gradient. In float32 we cannot ask for much, as [the last
# tutorial](03_checking_gradients.ipynb) showed; so ask along one direction, the gradient itself. There the slope is its
# squared length.

# %%
inputs, logits = forward(x[:200])
backward(inputs, loss_and_slope(logits, y[:200])[1])
start, direction = theta.copy(), slopes / np.linalg.norm(slopes)
around = []
for h in (0.01, -0.01):
    theta[...] = start + h * direction
    around.append(loss_and_slope(forward(x[:200])[1], y[:200])[0])
theta[...] = start
print(f"measured {(around[0] - around[1]) / 0.02:.4f}, claimed {np.linalg.norm(slopes):.4f}")
assert np.isclose((around[0] - around[1]) / 0.02, np.linalg.norm(slopes), rtol=0.02)

# %% [markdown]
# ## Training
#
# To go through all images for one step would be a waste. A **batch** of 64 random ones says nearly the same about the
# way down, so we take it, step, and take the next. One round through all images is an **epoch**.
#
# One more idea: **momentum**. Keep a velocity $v$. Every step adds the new slope and forgets a tenth of the old ones.
# Where slopes agree from step to step, it picks up speed; where they contradict each other, they cancel.
#
# $$
# v \leftarrow 0.9 \, v + d\theta, \qquad \theta \leftarrow \theta - \eta \, v
# $$


# %%
def accuracy(rows, labels):
    return np.mean(forward(rows)[1].argmax(axis=1) == labels)


epochs = 5 if data.name == "mnist" else 40
batch, rate = 64, 0.05
velocity = np.zeros_like(theta)
by_hand = {"loss": [], "accuracy": []}
order_of = np.random.default_rng(1)
steps, taken = epochs * -(-len(x) // batch), 0
began = time.perf_counter()
for epoch in range(epochs):
    losses = []
    order = order_of.permutation(len(x))
    for some in np.split(order, range(batch, len(x), batch)):
        inputs, logits = forward(x[some])
        loss, dz = loss_and_slope(logits, y[some])
        backward(inputs, dz)
        velocity *= 0.9
        velocity += slopes
        theta -= rate * (1 - taken / steps) * velocity  # a rate that falls to zero settles better
        losses.append(loss)
        taken += 1
    by_hand["loss"].append(np.mean(losses))
    by_hand["accuracy"].append(accuracy(x_held, y_held))
    if epochs < 10 or epoch % 10 == 9:
        print(
            f"epoch {epoch + 1}: loss {by_hand['loss'][-1]:.4f}, right in validation {by_hand['accuracy'][-1]:.2%}"
        )
print(f"{time.perf_counter() - began:.0f} seconds")

# %% [markdown]
# Now, once, the test images.

# %%
score = accuracy(data.x_test.astype(np.float32) / 255, data.y_test)
print(f"right for {score:.2%} of {len(data.y_test)} test images")
assert score > (0.97 if data.name == "mnist" else 0.93)

# %% [markdown]
# Nothing in between is hidden: every line of it stands on this page.
#
# ## The same with tinynn
#
# `nn.fit` is our loop. The optimiser is the line with the velocity, and the schedule is the rate that falls.

# %%
network = nn.Sequential(
    [nn.Dense(128), nn.ReLU(), nn.Dense(64), nn.ReLU(), nn.Dense(10)], input_shape=x.shape[1], seed=0
)
optimizer = nn.SGD(nn.CosineDecay(rate), momentum=0.9)
record = nn.fit(
    network,
    nn.SoftmaxCrossEntropy(),
    optimizer,
    x,
    y,
    epochs=epochs,
    batch_size=batch,
    validation=(x_held, y_held),
    progress=False,
)
_, test_accuracy = nn.evaluate(network, nn.SoftmaxCrossEntropy(), data.x_test, data.y_test)
print(f"right for {test_accuracy:.2%}, in {sum(record.seconds):.0f} seconds")
assert test_accuracy > (0.97 if data.name == "mnist" else 0.93)

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8))
rounds = np.arange(1, epochs + 1)
left.plot(rounds, by_hand["loss"], color="C0", label="by hand")
left.plot(rounds, record.loss, "--", color="C1", label="nn.fit")
right.plot(rounds, by_hand["accuracy"], color="C0")
right.plot(rounds, record.validation_accuracy, "--", color="C1")
left.set(xlabel="epoch", ylabel="training loss", ylim=(0, None))
right.set(xlabel="epoch", ylabel="right in validation")
if epochs < 10:
    left.set_xticks(rounds)
    right.set_xticks(rounds)
right.yaxis.set_major_formatter(lambda value, _: f"{value:.1%}")
left.legend(frameon=False)
figure.tight_layout()
plt.show()

# %% [markdown]
# Two curves that differ by their random numbers, and by the shape of the schedule. The network is one vector here too:
# `network.parameters`, with `network.gradients` beside it.
#
# ## What optimisers do differently
#
# We cannot draw a landscape of a hundred thousand dimensions. But two will do to see the point. Take one neuron with
# two weights, no bend, the squared error for a loss, and a second input that is eight times as large as the first.
# Then the loss is a narrow valley: steep across, nearly flat along.

# %%
rng = np.random.default_rng(3)
features = rng.normal(size=(200, 2)) * [1, 8]
wanted = features @ [1.2, 0.1] + 0.5 * rng.normal(size=200)


def surface(w):
    """Return the loss at weights w, (..., 2)."""
    return np.mean((w @ features.T - wanted) ** 2, axis=-1)


def slope(w):
    return 2 * features.T @ (features @ w - wanted) / len(wanted)


optimizers = {
    "SGD": nn.SGD(0.0145),
    "SGD with momentum": nn.SGD(0.008, momentum=0.8),
    "RMSProp": nn.RMSProp(0.08, alpha=0.9),
    "Adam": nn.Adam(0.15),
}
paths = {}
for name, optimizer in optimizers.items():
    w = np.array([-1.6, 0.75])
    path = [w.copy()]
    for _ in range(40):
        optimizer.step(w, slope(w))
        path.append(w.copy())
    paths[name] = np.array(path)

# %%
w1, w2 = np.meshgrid(np.linspace(-2, 2, 200), np.linspace(-1, 1, 200))
height = surface(np.stack([w1, w2], axis=-1))
lowest = np.linalg.lstsq(features, wanted)[0]

figure, axes = plt.subplots(2, 2, figsize=(10.5, 6), sharex=True, sharey=True)
for ax, (name, path) in zip(axes.flat, paths.items(), strict=True):
    ax.contourf(w1, w2, np.log(height), levels=24, cmap="Blues")
    ax.plot(*path.T, color="C1", marker="o", markersize=3.5, linewidth=1.3)
    ax.plot(*lowest, "*", color="C4", markersize=15)
    ax.set_title(f"{name}: loss {surface(path[-1]):.3f} after 40 steps", fontsize=11)
axes[1, 0].set(xlabel="$w_1$", ylabel="$w_2$", xlim=(-2, 2), ylim=(-1, 1))
figure.tight_layout()
plt.show()
remaining = {name: surface(path[-1]) - surface(lowest) for name, path in paths.items()}
print(f"the lowest point has {surface(lowest):.3f}")
assert all(remaining[name] < remaining["SGD"] / 2 for name in remaining if name != "SGD")

# %% [markdown]
# Dark is high, and the star is the lowest point. Each optimiser got a rate that suits it.
#
# - **SGD** jumps from wall to wall across the valley, and comes forward slowly along it. A larger rate would throw it
#   out, a smaller one would be slower still.
# - **Momentum** lets the jumps across cancel, and the small slopes along add up.
# - **RMSProp** and **Adam** divide each slope by its own recent size. So the steep direction is tamed, and the flat one
#   is stretched. Adam has momentum too: it overshoots, and comes back.
#
# This valley lies along an axis, which is where dividing weight by weight helps most. One that lies askew would be
# harder for the last two. The formulas: [optimisers, from the gradient to a step](../derivations/optimizers.md).
#
# **A question.** What could you do to the *data* to make it easy for all four?

# %% [markdown]
# **The answer.** Divide the second input by 8. Inputs of about the same size make a round valley. That is why pixels
# are divided by 255, and other features are brought to mean 0 and spread 1. It is the cheapest improvement there is.
#
# ## What you now know
#
# - A classifier: logits, softmax, cross-entropy, and $dz = (p - t)/n$.
# - All parameters in one vector make a step one line. Weights start at random, with a spread of $\sqrt{2/n}$.
# - Batches, epochs, momentum, a falling rate: the whole of training.
# - Validation rows to look at, test rows for the end.
#
# ## Try it yourself
#
# 1. Leave out the momentum, with the same rate. How many epochs does it take to get as far?
# 2. Train on the first 1000 images only. What do training loss and validation say now?
# 3. Start with `W` ten times as large. What is the first loss? Does it recover?
# 4. In the valley: find for each optimiser the rate that gets furthest in 40 steps. Which is ahead now?
#
# Next: [what the network sees](05_what_the_network_sees.ipynb). It is right in 97 of 100 cases. What does it look at,
# and does it know when it is wrong?
