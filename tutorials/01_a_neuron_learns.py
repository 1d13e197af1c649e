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
# # A neuron learns
#
# One neuron, three numbers. We let it learn to tell two clouds of points apart, and write every step by hand: the
# answer, the error, the slope of the error, and the small step downhill. Nothing in a large network is different
# in kind.
#
# You need Python and the derivative of a function of one variable.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinynn as nn

# %% [markdown]
# ## Two clouds
#
# A hundred points in the plane, of two kinds. The kind of a point is its **target** $t$: 0 or 1. You can see how to
# tell the kinds apart. The neuron sees only numbers, and has to find out.

# %%
rng = np.random.default_rng(0)
n = 100
t = np.arange(n) % 2
centres = np.array([[-1.0, -0.6], [1.0, 0.6]])
x = centres[t] + 0.8 * rng.normal(size=(n, 2))
print(x[:4].round(2), t[:4])


def show_points(ax):
    """Draw the points, each kind with a colour and a marker of its own."""
    for kind, marker in enumerate("os"):
        ax.scatter(*x[t == kind].T, color=f"C{kind}", marker=marker, s=22, label=f"t = {kind}")
    ax.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal", xlim=(-4, 4), ylim=(-3, 3))


figure, ax = plt.subplots(figsize=(6, 4.2))
show_points(ax)
ax.legend(frameon=False)
plt.show()

# %% [markdown]
# ## What a neuron computes
#
# It multiplies each input by a **weight**, adds them up, and adds a **bias**:
#
# $$
# z = w_1 x_1 + w_2 x_2 + b
# $$
#
# $z$ can be any number. To read it as a probability, it is bent into the range from 0 to 1 by the **sigmoid**:
#
# $$
# p = \sigma(z) = \frac{1}{1 + e^{-z}}
# $$
#
# We take $p$ as the neuron's answer to: how probable is it that this point is of kind 1?


# %%
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


w, b = np.array([-1.0, 1.5]), 1.0  # chosen badly, so that there is something to learn


def answer(x, w, b):
    return sigmoid(x @ w + b)


print("the first four answers:", answer(x, w, b)[:4].round(3))
print("the truth:             ", t[:4])

# %% [markdown]
# `x @ w` does the multiplying and adding for all hundred points at once: one row of `x` is one point.
#
# **A question.** Where in the plane is the neuron undecided, $p = 1/2$? What shape is that set of points? Think before
# you go on.

# %% [markdown]
# **The answer.** $\sigma(z) = 1/2$ where $z = 0$, and $w_1 x_1 + w_2 x_2 + b = 0$ is a straight line. So a neuron cuts
# the plane in two with a ruler. On one side it says "rather 1", on the other "rather 0". The weights turn the line, and
# the bias shifts it.


# %%
def line(w, b):
    """Return two points of the line where the neuron is undecided."""
    middle = -b * w / (w @ w)
    along = np.array([-w[1], w[0]]) / np.linalg.norm(w)
    return np.array([middle - 9 * along, middle + 9 * along])


figure, ax = plt.subplots(figsize=(6, 4.2))
show_points(ax)
ax.plot(*line(w, b).T, color="C2", linewidth=2, label="undecided")
ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
plt.show()
accuracy_before = np.mean((answer(x, w, b) > 0.5) == t)
print(f"right for {accuracy_before:.0%} of the points")

# %% [markdown]
# ## How wrong is it?
#
# To improve the neuron we need one number that says how wrong it is: the **loss** $L$. For each point take the
# probability that the neuron gave to the truth, $p$ if $t = 1$ and $1 - p$ if $t = 0$. The loss is the negative
# logarithm of that, averaged over all points:
#
# $$
# L = -\frac{1}{n} \sum_i \bigl( t_i \ln p_i + (1 - t_i) \ln (1 - p_i) \bigr)
# $$
#
# It is zero for somebody who is always certain and always right. Being certain and wrong costs a lot. Its name is the
# binary cross-entropy.


# %%
def loss(w, b):
    p = answer(x, w, b)
    return -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))


print(f"loss: {loss(w, b):.4f}")

# %% [markdown]
# **A question.** What is the loss of a neuron whose weights and bias are all zero? Work it out without the computer.

# %% [markdown]
# **The answer.** It says $p = \sigma(0) = 1/2$ everywhere, so every point costs $-\ln(1/2) = \ln 2$, and so does the
# mean. Keep this number in mind: a loss above $0.693$ is worse than saying "I do not know".

# %%
print(f"{loss(np.zeros(2), 0.0):.6f} is ln 2 = {np.log(2):.6f}")
assert loss(w, b) > np.log(2)
assert np.isclose(loss(np.zeros(2), 0.0), np.log(2))

# %% [markdown]
# ## Which way is down?
#
# Should $w_1$ be larger or smaller? Just try. Move it by a little, and see what the loss does.

# %%
little = 0.001
change = loss(w + np.array([little, 0]), b) - loss(w, b)
print(f"w1 grows by {little}: the loss changes by {change:+.6f}")
print(f"that is {change / little:+.3f} for each unit of w1")

# %% [markdown]
# The loss falls as $w_1$ grows. So $w_1$ should grow. The number in the last line is the **slope** of the loss, its
# derivative $\partial L / \partial w_1$. The slopes by all weights together are called the **gradient**.
#
# Trying works, but it needs a pass over all data for each weight, and a large network has millions of weights. Calculus
# gives all slopes at once. Go back from the loss, step by step. For one point with $t = 1$, its share of the loss is
# $-\ln p$, and the sigmoid has the derivative $p (1 - p)$. Multiply:
#
# $$
# \frac{\partial (-\ln p)}{\partial z} = -\frac{1}{p} \cdot p (1 - p) = p - 1
# $$
#
# and for $t = 0$ in the same way
#
# $$
# \frac{\partial (-\ln (1 - p))}{\partial z} = \frac{1}{1 - p} \cdot p (1 - p) = p
# $$
#
# Both are $p - t$: **what was said, minus what was right**. The rest is easy. $w_1$ is multiplied by $x_1$ on its way
# into $z$, so its slope is $(p - t) \, x_1$, the mean over all points. The bias is multiplied by 1.
#
# A $d$ in front of a name means "the derivative of the loss by this". The code of tinynn uses the same names.


# %%
def gradient(w, b):
    dz = (answer(x, w, b) - t) / n  # (n,)
    dw = x.T @ dz  # each weight: its input times dz, added up over the points
    db = dz.sum()
    return dw, db


dw, db = gradient(w, b)
print("dw =", dw.round(4), "  db =", db.round(4))
print(f"by trying we got {change / little:.4f} for w1")
assert np.isclose(dw[0], change / little, atol=1e-3)

# %% [markdown]
# Each step of this, the sigmoid's derivative included, is derived in [one neuron](../derivations/neuron.md) and
# [activations](../derivations/activations.md).
#
# ## Step by step downhill
#
# **Gradient descent**: move every weight against its slope, by a small multiple $\eta$ of it, the **learning rate**.
#
# $$
# w \leftarrow w - \eta \, dw, \qquad b \leftarrow b - \eta \, db
# $$
#
# Then ask for the slopes again, because they have changed. That is all of learning.

# %%
rate, steps = 0.5, 200
start = (w, b)
history = [(w, b, loss(w, b))]
for _ in range(steps):
    dw, db = gradient(w, b)
    w, b = w - rate * dw, b - rate * db
    history.append((w, b, loss(w, b)))

accuracy = np.mean((answer(x, w, b) > 0.5) == t)
print(f"loss {history[0][2]:.3f} → {history[-1][2]:.3f}")
print(f"right for {accuracy_before:.0%} → {accuracy:.0%} of the points")

# %% [markdown]
# Watch the line move. It turns the right way round first, which takes most of the gain, and then settles.

# %%
shown = [0, 2, 4, 8, 16, 32, steps]
shades = plt.get_cmap("plasma")(np.linspace(0.3, 0.75, len(shown)))
figure, (ax, curve) = plt.subplots(1, 2, figsize=(10.5, 4), width_ratios=(1.5, 1))
show_points(ax)
for k, shade in zip(shown, shades, strict=True):
    ax.plot(*line(*history[k][:2]).T, color=shade, linewidth=2, label=f"step {k}")
ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
curve.plot([value for _, _, value in history], color="C0")
curve.axhline(np.log(2), color="gray", linestyle=":")
curve.text(steps, np.log(2), "ln 2: does not know", color="gray", ha="right", va="bottom")
curve.set(xlabel="step", ylabel="loss", ylim=(0, None))
figure.tight_layout()
plt.show()
assert accuracy > 0.85 > accuracy_before
assert history[-1][2] < 0.35

# %% [markdown]
# It does not get every point right. The clouds overlap, and no straight line could.
#
# ## How long a step?
#
# **A question.** What happens if the learning rate is a hundredth of ours? And if it is two hundred times ours?
#
# One thing to prepare. With wild steps a probability may be rounded to exactly 0, and the logarithm of 0 is infinite.
# The same loss, written with $z$, has no such trouble: what a point costs is $\ln(1 + e^z) - t z$.


# %%
def safe_loss(w, b):
    z = x @ w + b
    return np.mean(np.logaddexp(0, z) - t * z)


assert np.isclose(safe_loss(w, b), loss(w, b))

# %%
figure, ax = plt.subplots(figsize=(7, 3.8))
ends = {}
for k, some_rate in enumerate((0.005, 0.05, 0.5, 100)):
    v, c = start
    losses = []
    for _ in range(60):
        losses.append(safe_loss(v, c))
        dv, dc = gradient(v, c)
        v, c = v - some_rate * dv, c - some_rate * dc
    ends[some_rate] = np.mean(losses[-20:])
    ax.plot(losses, color=f"C{k}", label=f"η = {some_rate}")
ax.set(xlabel="step", ylabel="loss", ylim=(0, 3))
ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
figure.tight_layout()
plt.show()
assert ends[0.5] == min(ends.values())
assert ends[0.005] > 2 * ends[0.5]
assert ends[100] > 1.5 * ends[0.5]

# %% [markdown]
# **The answer.** Too small a rate creeps. Too large a rate leaps over the valley to the other slope, and back: the
# slope tells the way down only near where we stand. In between lies a wide range that works. Finding it is the first
# thing to do with any network.
#
# ## The same with tinynn
#
# A layer of such neurons is called *dense*: each neuron sees every input. Ours is a layer of one neuron. The sigmoid is
# part of the loss here, because the two together are simpler and never overflow. What the layer puts out is $z$, called
# a **logit**.
#
# We give it the same start and the same steps.

# %%
network = nn.Sequential([nn.Dense(1)], input_shape=2, dtype="float64")
neuron = network.layers[0]
neuron.W = start[0][:, None]
neuron.b = start[1]
cross_entropy = nn.BinaryCrossEntropy()
targets = t[:, None].astype(float)  # one column: one answer a point

for _ in range(steps):
    z = network.forward(x)
    cross_entropy.forward(z, targets)
    network.backward(cross_entropy.backward())
    neuron.W -= rate * neuron.dW
    neuron.b -= rate * neuron.db

print("by hand:", w, b)
print("tinynn: ", neuron.W[:, 0], neuron.b[0])
assert np.allclose(neuron.W[:, 0], w)
assert np.allclose(neuron.b, b)

# %% [markdown]
# The same numbers. Four lines make up a step: forward, loss, backward, move. `nn.fit` is this loop with the four lines
# inside. An **optimiser** does the moving; `nn.SGD` is the plain step downhill.

# %%
network = nn.Sequential([nn.Dense(1)], input_shape=2, dtype="float64", seed=0)
record = nn.fit(network, nn.BinaryCrossEntropy(), nn.SGD(rate), x, targets, steps=steps, batch_size=n)
value, share = nn.evaluate(network, nn.BinaryCrossEntropy(), x, targets)
print(f"loss {value:.3f}, right for {share:.0%}")
assert abs(value - history[-1][2]) < 0.02

# %% [markdown]
# From another start it found the same valley. For one neuron there is only one.
#
# ## Where one neuron fails
#
# Two half-moons. You can tell them apart at a glance; but not with a ruler.

# %%
moons, kinds = nn.toys.moons(300, noise=0.12, seed=0)
network = nn.Sequential([nn.Dense(1)], input_shape=2, seed=0)
nn.fit(network, nn.BinaryCrossEntropy(), nn.SGD(rate), moons, kinds[:, None], steps=1000, batch_size=300)
_, share = nn.evaluate(network, nn.BinaryCrossEntropy(), moons, kinds[:, None])

figure, ax = plt.subplots(figsize=(7.5, 4.2))
nn.plotting.plot_decision_regions(network, moons, kinds, ax=ax)
ax.set_title(f"one neuron: {share:.0%} right", fontsize=11)
figure.tight_layout()
plt.show()
assert 0.8 < share < 0.95

# %% [markdown]
# Colours are the neuron's answer, paler where it is less sure. Rings mark what it gets wrong. More training does not
# help. More neurons will, if they build on each other.
#
# ## What you now know
#
# - A neuron is a weighted sum, a bias, and a bend. Its border is a straight line.
# - The loss is one number for how wrong it is. $\ln 2$ is what not knowing costs between two kinds.
# - The gradient says how the loss changes with each weight. For a sigmoid with cross-entropy it begins with $p - t$.
# - Learning is: step against the gradient, again and again. The learning rate decides how far.
#
# ## Try it yourself
#
# 1. Move the clouds further apart. What happens to the length of $w$ as you train longer and longer? Why?
# 2. Start at zero. Does it matter here where you start?
# 3. Multiply $x_2$ by 20, and find a learning rate that works. Why is it harder now?
#
# Next: [backpropagation by hand](02_backpropagation_by_hand.ipynb). Two layers, and a way to get all slopes in one
# pass.
