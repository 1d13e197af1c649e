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
# # Checking gradients, and finding a bug
#
# Somebody wrote a layer, and there is a mistake in its `backward`. Nothing crashes, the loss falls, and the network is
# mediocre. This is how most gradient bugs look. We find it with a method that needs no calculus at all, and see how far
# that method can be trusted.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinynn as nn

# %% [markdown]
# ## The suspect
#
# A layer of tinynn is a class with `forward` and `backward`. `forward` keeps what `backward` will need, and `backward`
# turns the slopes of its output into those of its input. Here is a hyperbolic tangent, a smooth step from −1 to 1, as
# you might have written it after [the last tutorial](02_backpropagation_by_hand.ipynb).
#
# Do you see the mistake? Never mind if not. That is the point.


# %%
class MyTanh(nn.Layer):
    """y = tanh x."""

    def forward(self, x, training=False):
        self.y = np.tanh(x)
        return self.y

    def backward(self, dy, input_gradient=True):
        return dy * (1 - self.y)


# %% [markdown]
# It goes into a network like any other layer. The half-moons again:

# %%
points, kinds = nn.toys.moons(300, noise=0.12, seed=0)


def train(activation, seed=0):
    """Train a network of two layers with this activation between; return it with its losses."""
    network = nn.Sequential(
        [nn.Dense(16), activation, nn.Dense(2)], input_shape=2, seed=seed, dtype="float64"
    )
    record = nn.fit(
        network,
        nn.SoftmaxCrossEntropy(),
        nn.SGD(0.5),
        points,
        kinds,
        steps=600,
        batch_size=300,
        progress=False,
    )
    return network, record.loss


network, losses = train(MyTanh())
_, share = nn.evaluate(network, nn.SoftmaxCrossEntropy(), points, kinds)
print(f"loss {losses[0]:.2f} → {losses[-1]:.2f}, right for {share:.1%}")
assert losses[-1] < 0.6 * losses[0]
assert share < 0.95

# %% [markdown]
# It learns. A single neuron was as good, though. Is the network too small? Is the learning rate wrong? One can lose a
# day on such questions, when the gradient is wrong.
#
# ## A witness that knows no calculus
#
# What is a derivative? How much the function changes if we move a little, divided by how far we moved. So move, and
# measure. Better in both directions: the **central difference**
#
# $$
# f'(v) \approx \frac{f(v + h) - f(v - h)}{2h}
# $$
#
# needs nothing but the function. It cannot contain the mistake that is in `backward`, because it never calls
# `backward`.
#
# How small should $h$ be? Try it on the tangent itself, where we can know the truth: $\tanh' v = 1 - \tanh^2 v$.

# %%
v = 0.5
truth = 1 - np.tanh(v) ** 2
for h in (0.1, 0.001, 1e-5, 1e-8, 1e-12):
    difference = (np.tanh(v + h) - np.tanh(v - h)) / (2 * h)
    print(f"h = {h:<7g} {difference:.15f}   error {abs(difference - truth):.0e}")
print(f"truth       {truth:.15f}")

# %% [markdown]
# **A question.** The mathematics says: the smaller $h$, the better. Here it gets better first, and then worse. Why?

# %% [markdown]
# **The answer.** Two errors work against each other.
#
# - The function is curved. That error shrinks with $h$: like $h^2$ for the central difference, like $h$ if one moves to
#   one side only.
# - The computer keeps about 16 digits. $f(v + h)$ and $f(v - h)$ agree in ever more of them, their difference keeps
#   ever fewer, and then it is divided by a tiny number. That error *grows* like $1/h$.
#
# Draw both against $h$, and you get a V.

# %%
steps = np.logspace(-15, 0, 61)


def central(f, v, h):
    return (f(v + h) - f(v - h)) / (2 * h)


def one_sided(f, v, h):
    return (f(v + h) - f(v)) / h


def single(u):
    """Tanh in single precision: seven digits."""
    return np.float64(np.tanh(np.float32(u)))


def complex_step(f, v, h):
    return f(v + 1j * h).imag / h


ways = {
    "one side": [one_sided(np.tanh, v, h) for h in steps],
    "central": [central(np.tanh, v, h) for h in steps],
    "central, 7 digits": [central(single, v, h) for h in steps],
    "complex step": [complex_step(np.tanh, v, h) for h in steps],
}
figure, ax = plt.subplots(figsize=(8, 4.2))
best = {}
for k, (name, found) in enumerate(ways.items()):
    error = np.abs(np.array(found) - truth) / truth
    best[name] = error.min()
    ax.loglog(steps, error.clip(1e-17), color=f"C{k}", marker=".", markersize=4, linewidth=1, label=name)
ax.set(xlabel="step h", ylabel="relative error", ylim=(1e-17, 10))
ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
figure.tight_layout()
plt.show()
near = np.abs(np.log10(steps) + 5.5) < 0.6
assert (np.abs(np.array(ways["central"])[near] - truth) < 1e-8).all()
assert best["central, 7 digits"] > 1e-6 > best["one side"]

# %% [markdown]
# Why the best steps lie where they do is worked out in [how to check a
# gradient](../derivations/gradient-checking.md). Three things to take from this picture:
#
# - With 16 digits and a central difference, $h \approx 10^{-5}$ gives ten right digits or so. Plenty to find a bug.
# - With 7 digits, as networks usually compute, the best step leaves an error that would hide bugs. **Check gradients in
#   float64.**
# - The last curve has no V. It steps aside into the complex numbers, and reads the slope off the imaginary part,
#   $f'(v) \approx \operatorname{Im} f(v + ih) / h$. Nothing is subtracted, so nothing is lost: where it lies on the
#   lower edge, all digits are right. It needs a function that takes complex numbers; many do.
#
# ## Checking the network
#
# A network's parameters are one long vector. Move one number of it up and down, and measure the loss. Then the next.

# %%
rows, labels = points[:8], kinds[:8]
network = nn.Sequential([nn.Dense(4), MyTanh(), nn.Dense(2)], input_shape=2, seed=0, dtype="float64")
cross_entropy = nn.SoftmaxCrossEntropy()


def loss():
    return float(cross_entropy.forward(network.forward(rows), labels))


def by_moving(h=1e-5):
    """Return the slope of the loss by every parameter, without backward."""
    slopes = np.empty_like(network.parameters)
    for i, start in enumerate(network.parameters.copy()):
        network.parameters[i] = start + h
        up = loss()
        network.parameters[i] = start - h
        down = loss()
        network.parameters[i] = start
        slopes[i] = (up - down) / (2 * h)
    return slopes


loss()
network.backward(cross_entropy.backward())
claimed, measured = network.gradients.copy(), by_moving()

figure, ax = plt.subplots(figsize=(8, 3.8))
ax.plot(measured, "o", color="C0", markersize=11, fillstyle="none", markeredgewidth=2, label="measured")
ax.plot(claimed, "x", color="C1", label="claimed by backward")
ax.axvline(11.5, color="gray", linestyle=":")
ax.text(11.2, -0.6, "first layer", ha="right")
ax.text(11.8, -0.6, "second layer")
ax.set(xlabel="parameter", ylabel="slope of the loss")
ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
figure.tight_layout()
plt.show()

# %% [markdown]
# **A question.** On the right, crosses lie in circles. On the left they do not. Where must the mistake be?

# %% [markdown]
# **The answer.** Slopes travel from right to left. Those of the second layer are right, so the loss and everything
# behind the second layer are right. Those of the first are wrong, so something between the two spoiled them: the
# tangent, or the second layer's $dx$.
#
# One number says how wrong: the largest difference, relative to the largest slope. Relative, because slopes can be
# tiny, and then everything is "close".


# %%
def relative_error(claimed, measured):
    return np.max(np.abs(claimed - measured)) / max(np.max(np.abs(claimed)), np.max(np.abs(measured)))


below, above = relative_error(claimed[:12], measured[:12]), relative_error(claimed[12:], measured[12:])
print(f"first layer: {below:.1e}    second layer: {above:.1e}")
assert below > 0.05
assert above < 1e-8

# %% [markdown]
# Below $10^{-7}$ in float64 means right. Above $10^{-3}$ means wrong. Between the two, look whether there is a kink,
# such as a ReLU that switches within the step.
#
# ## The same in one call
#
# `nn.check_gradients` does this for a network, a single layer, a loss or a function. It tries several steps, confirms
# with the complex step where that works, and finds out which calls remember what they should not. And where a
# gradient is wrong, it compares it with the traces that classic mistakes leave.

# %%
report = nn.check_gradients(MyTanh(), np.random.default_rng(0).normal(size=(6, 4)))
print(report)
assert not report.ok
assert report.codes == ["wrong-activation-derivative"]

# %% [markdown]
# There it is: "the activation's derivative is another function than f′". The derivative of $y = \tanh x$ is $1 - y^2$.
# The square is missing.


# %%
class MendedTanh(MyTanh):
    """y = tanh x, dx = dy (1 − y²)."""

    def backward(self, dy, input_gradient=True):
        return dy * (1 - self.y**2)


report = nn.check_gradients(MendedTanh(), np.random.default_rng(0).normal(size=(6, 4)))
print(report)
assert report.ok

# %% [markdown]
# Was it worth it? The same network, the same start, the same steps; only the square is new.

# %%
mended, mended_losses = train(MendedTanh())
_, mended_share = nn.evaluate(mended, nn.SoftmaxCrossEntropy(), points, kinds)

figure, axes = plt.subplots(1, 2, figsize=(11, 3.8), width_ratios=(1, 1.35))
axes[0].plot(losses, color="C1", label="1 − y")
axes[0].plot(mended_losses, color="C0", label="1 − y²")
axes[0].set(xlabel="step", ylabel="loss", ylim=(0, 1))
axes[0].legend(frameon=False)
nn.plotting.plot_decision_regions(mended, points, kinds, ax=axes[1])
axes[1].set_title(f"mended: {mended_share:.1%} right, with the bug {share:.1%}", fontsize=11)
figure.tight_layout()
plt.show()
assert mended_share > 0.97
assert mended_losses[-1] < 0.5 * losses[-1]

# %% [markdown]
# Put your own layers into a file, and `tinynn check my_layers.py` checks them all. [The
# guide](../how-to/check-your-gradients.md) lists the mistakes that it knows by name.
#
# ## What no gradient check can see
#
# A right gradient of the wrong thing. Here all slopes are true, and yet the network will not learn well. Do you see
# why?

# %%
data = nn.datasets.load("digits")
pixels = data.x_train.astype(float)
network = nn.Sequential(
    [nn.Dense(32), nn.Tanh(), nn.Dense(10), nn.Softmax()], input_shape=64, seed=0, dtype="float64"
)
print(
    "gradients right:", nn.check_gradients(network, nn.SoftmaxCrossEntropy(), pixels[:5], data.y_train[:5]).ok
)

# %%
report = nn.diagnose_training(network, nn.SoftmaxCrossEntropy(), pixels, data.y_train, nn.Adam(1e-3))
print(report)
assert {"inputs-not-scaled", "softmax-twice"} <= set(report.codes)

# %% [markdown]
# Pixels from 0 to 255 drive every neuron to its flat end, and the softmax is applied twice. `nn.diagnose_training`
# looks for such things. Ask it before you turn knobs.
#
# ## What you now know
#
# - A wrong gradient seldom crashes, and often learns a little. Check before you tune.
# - A central difference in float64 with $h \approx 10^{-5}$ is a good witness. Smaller steps are worse.
# - Compare relative to the largest slope. Find the last layer where it is right: the mistake is just below.
# - A right gradient does not make a sensible training.
#
# ## Try it yourself
#
# 1. Write `backward` of `MyTanh` as `dy * (1 - x**2)` with a kept `x`. What does the report say?
# 2. Write a dense layer with `dW = x.T @ dy / len(x)`. Does it still learn? Does the check notice?
# 3. Check with a single row instead of six. Which mistakes can hide then?
# 4. Where on the V would the best step of a function with $|f| \approx 10^6$ lie?
#
# Next: [MNIST from scratch](04_mnist_from_scratch.ipynb). With gradients that we can trust, to real data.
