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
# # Backpropagation by hand
#
# A network with two layers, small enough for a pencil: every number on the way is a whole number. We go forward, we go
# back, and then we see that the program finds the same. In the end the two half-moons fall apart, on which a single
# neuron failed.
#
# Take a sheet of paper. It is worth it.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinynn as nn

# %% [markdown]
# ## The network
#
# Two inputs, three hidden neurons, one output. A hidden neuron adds up its weighted inputs and a bias, as in [the
# last tutorial](01_a_neuron_learns.ipynb), but bends the sum with a **ReLU** instead of a sigmoid:
#
# $$
# \mathrm{relu}(z) = \max(z, 0)
# $$
#
# Negative sums become zero, others stay. The output neuron adds up the hidden ones, and does not bend.
#
# Rows are examples, and columns of a weight matrix are neurons: the first hidden neuron has the weights $0.5$ and
# $1$.

# %%
x = np.array([[2.0, 1.0]])  # one example, (1, 2)
target = np.array([[3.0]])  # what the output should be

W1 = np.array([[0.5, 1.0, -1.0], [1.0, -1.5, 0.5]])  # (2 inputs, 3 hidden)
b1 = np.array([0.0, 0.5, 0.5])
W2 = np.array([[1.0], [-2.0], [3.0]])  # (3 hidden, 1 output)
b2 = np.array([1.0])

# %% [markdown]
# ## Forward
#
# **A question.** With pencil and paper: what are the three sums $z$, what are the hidden values $h$, and what is the
# output $o$?

# %% [markdown]
# **The answer.**
#
# $$
# \begin{aligned}
# z_1 &= 2 \cdot 0.5 + 1 \cdot 1 + 0 = 2 & h_1 &= 2 \\
# z_2 &= 2 \cdot 1 + 1 \cdot (-1.5) + 0.5 = 1 & h_2 &= 1 \\
# z_3 &= 2 \cdot (-1) + 1 \cdot 0.5 + 0.5 = -1 & h_3 &= 0 \\
# o &= 2 \cdot 1 + 1 \cdot (-2) + 0 \cdot 3 + 1 = 1
# \end{aligned}
# $$

# %%
z = x @ W1 + b1
h = np.maximum(z, 0)
o = h @ W2 + b2
print("z =", z, "  h =", h, "  o =", o)
assert z.tolist() == [[2, 1, -1]]
assert o.item() == 1

# %% [markdown]
# It should have been 3. We take the square of the difference for the loss:
#
# $$
# L = (o - t)^2
# $$

# %%
L = ((o - target) ** 2).item()
print("L =", L)

# %% [markdown]
# ## Backward
#
# Which way should each weight move? For each number $v$ in the network we want its slope: how $L$ changes if $v$ grows
# a little. Write $dv$ for it. We start at the loss, where it is easy, and walk back. The rule has two parts:
#
# - **Along a path, multiply.** If $v$ acts on $u$ and $u$ on $L$, then $dv$ is $du$ times how strongly $v$ acts on $u$.
# - **Where paths meet, add.** If $v$ acts on several others, the effects add up.
#
# The first slope: $do = 2 (o - t) = 2 (1 - 3) = -4$. The output should grow.
#
# **A question.** The output is $o = h_1 \cdot 1 + h_2 \cdot (-2) + h_3 \cdot 3 + 1$. What are the slopes of these three
# weights, of the bias, and of $h_1$, $h_2$ and $h_3$?

# %% [markdown]
# **The answer.** A weight acts on $o$ as strongly as the value that it is multiplied by, and the other way round:
#
# $$
# \begin{aligned}
# dW_2 &= do \cdot h = -4 \cdot (2, 1, 0) = (-8, -4, 0), & db_2 &= do = -4 \\
# dh &= do \cdot W_2 = -4 \cdot (1, -2, 3) = (-4, 8, -12)
# \end{aligned}
# $$

# %%
do = 2 * (o - target)
dW2 = h.T @ do
db2 = do.sum(axis=0)
dh = do @ W2.T
print("do =", do, "  dW2 =", dW2.ravel(), "  db2 =", db2, "  dh =", dh)

# %% [markdown]
# Now through the ReLU. Where $z$ was positive it let the number through, so it lets the slope through. Where $z$ was
# negative, a small change of $z$ changes nothing, so the slope is zero.
#
# $$
# dz = dh \text{ where } z > 0, \text{ and } 0 \text{ elsewhere: } (-4, 8, 0)
# $$
#
# **A question.** What are the slopes of the six weights of the first layer? And of the inputs: here paths meet.

# %% [markdown]
# **The answer.** Each weight has the slope "its input times the $dz$ of its neuron". Each input reaches all neurons, so
# we add over them:
#
# $$
# dW_1 = \begin{pmatrix} 2 \\ 1 \end{pmatrix} \begin{pmatrix} -4 & 8 & 0 \end{pmatrix}
#      = \begin{pmatrix} -8 & 16 & 0 \\ -4 & 8 & 0 \end{pmatrix},
# \qquad db_1 = (-4, 8, 0)
# $$
#
# $$
# dx_1 = -4 \cdot 0.5 + 8 \cdot 1 + 0 \cdot (-1) = 6, \qquad
# dx_2 = -4 \cdot 1 + 8 \cdot (-1.5) + 0 \cdot 0.5 = -16
# $$

# %%
dz = np.where(z > 0, dh, 0)
dW1 = x.T @ dz
db1 = dz.sum(axis=0)
dx = dz @ W1.T
print("dz =", dz)
print("dW1 =", *dW1)
print("dx =", dx)
assert dW1.tolist() == [[-8, 16, 0], [-4, 8, 0]]
assert dx.tolist() == [[6, -16]]

# %% [markdown]
# Look at the shape of the code. Each line of the way back undoes a line of the way forward, in the opposite order, and
# uses the numbers that the way forward left behind. These lines are **backpropagation**. One pass gave all 13 slopes of
# weights and biases.
#
# ## The same as a picture
#
# Left the values going forward, right the slopes coming back. The thicker a line, the larger the number on it; blue is
# positive, orange negative. Follow a slope from the right to the left.

# %%
places = {"x": [(0, 2), (0, 0)], "h": [(1, 2.6), (1, 1), (1, -0.6)], "o": [(2, 1)]}


def draw(ax, title, nodes, weights, scale):
    """Draw the network with numbers in its nodes and on its lines."""
    for (left, right), matrix in zip((("x", "h"), ("h", "o")), weights, strict=True):
        for i, start in enumerate(places[left]):
            for j, end in enumerate(places[right]):
                value = matrix[i, j]
                color = "gray" if value == 0 else "C0" if value > 0 else "C1"
                (x0, y0), (x1, y1) = start, end
                width = 0.6 + 5 * abs(value) / scale
                ax.plot([x0, x1], [y0, y1], color=color, linewidth=width, alpha=0.7, zorder=1)
                slope = np.degrees(np.arctan2(y1 - y0, x1 - x0))
                ax.text(
                    x0 + 0.3 * (x1 - x0),
                    y0 + 0.3 * (y1 - y0) + 0.04,
                    f"{value:g}",
                    va="bottom",
                    rotation=slope,
                    rotation_mode="anchor",
                    transform_rotates_text=True,
                )
    for name, values in nodes.items():
        for (a, c), value in zip(places[name], values, strict=True):
            ax.scatter(a, c, s=950, color="C2" if value else "gray", zorder=2)
            ax.text(a, c, f"{value:g}", ha="center", va="center", fontsize=11, color="w", zorder=3)
    for column, label in enumerate(("inputs", "hidden", "output")):
        ax.text(column, -1.15, label, ha="center", fontsize=9)
    ax.set(xlim=(-0.3, 2.3), ylim=(-1.2, 3), title=title)
    ax.set_axis_off()


figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.4))
draw(left, "forward: values and weights →", {"x": x[0], "h": h[0], "o": o[0]}, (W1, W2), scale=4)
draw(
    right,
    "← backward: slopes of values and weights",
    {"x": dx[0], "h": dz[0], "o": do[0]},
    (dW1, dW2),
    scale=16,
)
figure.tight_layout()
plt.show()

# %% [markdown]
# **A question.** The third hidden neuron is grey, and so are all lines to it and from it in the right picture. What
# does that mean for its learning?

# %% [markdown]
# **The answer.** This example does not move it at all. It was silent, so no weight around it had an effect. Another
# example may wake it. A neuron that is silent for *every* example never learns again; that is called a dead ReLU.
#
# ## Is it true?
#
# A slope is a claim that anybody can test. $dW_1$ says that the weight from $x_1$ to the second neuron has the slope
# 16. Let it grow by 0.001, and the loss should grow by about 0.016.


# %%
def forward(W1, b1, W2, b2, x=x):
    return np.maximum(x @ W1 + b1, 0) @ W2 + b2


nudged = W1.copy()
nudged[0, 1] += 0.001
L_nudged = ((forward(nudged, b1, W2, b2) - target) ** 2).item()
print(f"L grew by {L_nudged - L:.6f}")
assert abs((L_nudged - L) / 0.001 - 16) < 0.1

# %% [markdown]
# ## A step, and a step too far
#
# Every weight moves against its slope by $\eta$ times that slope. How far may we go? Let us walk along that straight
# line and look at the loss at every $\eta$.


# %%
def loss_after(rate):
    moved = (W1 - rate * dW1, b1 - rate * db1, W2 - rate * dW2, b2 - rate * db2)
    return ((forward(*moved) - target) ** 2).item()


rates = np.linspace(0, 0.03, 301)
losses = np.array([loss_after(rate) for rate in rates])
squares = sum(np.sum(slope**2) for slope in (dW1, db1, dW2, db2))

figure, ax = plt.subplots(figsize=(7, 3.8))
ax.plot(rates, losses, color="C0", label="the loss")
ax.plot(rates, L - squares * rates, "--", color="C1", label="what the slopes promise")
ax.set(xlabel="learning rate η", ylabel="loss after one step", ylim=(-0.3, 6))
ax.legend(frameon=False)
figure.tight_layout()
plt.show()
best = rates[losses.argmin()]
print(
    f"best at η = {best:.4f}; at η = 0.03 the loss is {loss_after(0.03):.1f}, and before the step it was {L:.0f}"
)
assert loss_after(best) < 0.01
assert loss_after(0.03) > 1

# %% [markdown]
# At the left end the promise is kept: there the curve touches the dashed line. Further out the slopes have changed, and
# the loss turns up again. (At the kink on the right the second hidden neuron falls silent.) So: small steps, and new
# slopes after each.
#
# ## What tinynn does
#
# Each layer of tinynn knows its own two lines, forward and backward. `Sequential` calls them one after the other.

# %%
network = nn.Sequential([nn.Dense(3), nn.ReLU(), nn.Dense(1)], input_shape=2, dtype="float64")
hidden, _, output = network.layers
hidden.W, hidden.b, output.W, output.b = W1, b1, W2, b2

square = nn.MeanSquaredError()
value = square.forward(network.forward(x), target)
network.backward(square.backward())
print("L =", value, "  dW1 =", *hidden.dW)
assert (hidden.dW == dW1).all()
assert (output.dW == dW2).all()
assert (hidden.db == db1).all()

# %% [markdown]
# To see every number between, ask for the **ledger**. It writes out each formula with the numbers that went through it.
# Compare it with your sheet of paper.

# %%
ledger = nn.explain(network, square, x, target)
print(ledger)
assert (ledger["0.dW"] == dW1).all()

# %% [markdown]
# In a terminal, `tinynn explain` prints such a ledger for a well-known example. [A two-layer
# network](../derivations/two-layer-network.md) goes through that example with all formulas, and [the chain rule on a
# graph](../derivations/chain-rule.md) says why multiplying and adding is right. Where the transposes come from: [the
# dense layer](../derivations/dense.md).
#
# ## Many examples at once
#
# Nothing changes when `x` has many rows: the products add over them by themselves. Here are the half-moons of the last
# tutorial, and sixteen hidden neurons. The output is bent by a sigmoid, with the cross-entropy for a loss, so $do$ is
# "what was said minus what was right", divided by the number of points.

# %%
points, kinds = nn.toys.moons(300, noise=0.12, seed=0)
t = kinds[:, None]
rng = np.random.default_rng(1)
units = 16
W1, b1 = rng.normal(size=(2, units)), np.zeros(units)
W2, b2 = rng.normal(size=(units, 1)) * np.sqrt(2 / units), np.zeros(1)
rate = 0.5

losses = []
for _ in range(2000):
    z = points @ W1 + b1
    h = np.maximum(z, 0)
    o = h @ W2 + b2
    losses.append(np.mean(np.logaddexp(0, o) - t * o))

    do = (1 / (1 + np.exp(-o)) - t) / len(points)
    dW2, db2 = h.T @ do, do.sum(axis=0)
    dz = (do @ W2.T) * (z > 0)
    dW1, db1 = points.T @ dz, dz.sum(axis=0)

    W1, b1, W2, b2 = W1 - rate * dW1, b1 - rate * db1, W2 - rate * dW2, b2 - rate * db2
print(f"loss {losses[0]:.3f} → {losses[-1]:.3f}")

# %% [markdown]
# Look at the order in the loop: first all slopes, then all moves. Whoever moves $W_2$ before using it for $dz$ computes
# the slopes of a network that made no error yet. It would not crash. It would only be wrong.
#
# What has it learned? We hand the weights to a tinynn network for drawing.

# %%
network = nn.Sequential([nn.Dense(units), nn.ReLU(), nn.Dense(1)], input_shape=2, dtype="float64")
network.layers[0].W, network.layers[0].b = W1, b1
network.layers[2].W, network.layers[2].b = W2, b2
_, share = nn.evaluate(network, nn.BinaryCrossEntropy(), points, t)

figure, (ax, curve) = plt.subplots(1, 2, figsize=(11, 4), width_ratios=(1.6, 1))
nn.plotting.plot_decision_regions(network, points, kinds, ax=ax)
ax.set_title(f"two layers: {share:.1%} right", fontsize=11)
curve.plot(losses, color="C0")
curve.set(xlabel="step", ylabel="loss", ylim=(0, None))
figure.tight_layout()
plt.show()
assert share > 0.97

# %% [markdown]
# The border is bent now. It is made of straight pieces: each hidden neuron has a straight line of its own, where it
# switches on, and the output adds up what is on. Between two such lines the output still is a plane.

# %%
figure, ax = plt.subplots(figsize=(7.5, 4.2))
nn.plotting.plot_decision_regions(network, points, kinds, ax=ax)
limits = ax.get_xlim(), ax.get_ylim()
for w, c in zip(W1.T, b1, strict=True):
    foot, along = -c * w / (w @ w), np.array([-w[1], w[0]])
    ax.plot(*np.array([foot - 9 * along, foot + 9 * along]).T, color="dimgray", linewidth=1)
ax.set(xlim=limits[0], ylim=limits[1], title="where each hidden neuron switches on")
figure.tight_layout()
plt.show()

# %% [markdown]
# ## What you now know
#
# - Backward goes through the same network as forward, in the opposite direction: along a path multiply, where paths
#   meet add.
# - A weight's slope is its input times the slope of what it leads to. A gradient has the shape of what it belongs to.
# - A ReLU that was off passes nothing back.
# - Slopes are true only near where we stand. First all slopes, then all moves.
#
# ## Try it yourself
#
# 1. Set the target to 1, so that the network is right. What are all slopes now?
# 2. Change `b1[2]` to 2.5, and do the whole sheet again. Which slopes come alive?
# 3. Start with `W1 = np.zeros((2, units))` and `W2 = np.zeros((units, 1))` on the moons. Why does nothing in the hidden
#    layer ever move?
# 4. With three hidden neurons instead of sixteen, how well can it do?
#
# Next: [checking gradients](03_checking_gradients.ipynb). You wrote `backward` yourself. How do you know that it is
# right?
