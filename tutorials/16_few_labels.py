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
# # Few labels
#
# Twenty labels, and a network that reads nine of ten digits right. How can that be? It has seen 1348 digits without a
# label, and these say what belongs together. Here we build it piece by piece, see why it works, and then break it.
#
# The tutorials before this one chose rows that a network is unsure of. With twenty labels there is no network yet whose
# doubts are worth anything. What there is plenty of is rows without labels.

# %%
import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

import tinynn as nn
from tinyal.neighbor_graph import nearest_neighbors, neighbor_graph, normalized, spectral_points
from tinyal.principal_components import principal_components
from tinyal.self_training import UNLABELED, SelfTraining
from tinyal.spreading import confidence, spread
from tinyal.strategies.graph import central_rows

_ = threadpool_limits(1)
data = nn.datasets.load("digits")
x, y = data.x_train, data.y_train  # of y we may look at what we pay for
layers = [nn.Dense(64), nn.ReLU(), nn.Dense(10)]


def draw_labels(budget, seed):
    """Choose rows at random."""
    return np.random.default_rng(seed).choice(len(x), budget, replace=False)


# %% [markdown]
# ## Twenty labels alone
#
# **Question.** How well does a network do that learns from twenty random digits and nothing else?

# %%
alone = []
for seed in range(5):
    rows = draw_labels(20, seed)
    model = nn.Classifier(layers, steps=150, classes=range(10), seed=seed).fit(x[rows], y[rows])
    alone.append(model.score(data.x_test, data.y_test))
print("test accuracy, five seeds:", "  ".join(f"{accuracy:.0%}" for accuracy in alone))
assert np.median(alone) < 0.8

# %% [markdown]
# ## Who is near whom
#
# We know more than twenty rows. Take any digit and look at those that lie nearest to it. No label is needed for that:

# %%
places = principal_components(x.astype(np.float32) / 255, 60)
indices, distances = nearest_neighbors(places, 10)

# %% tags=["hide-input"]
figure, axes = plt.subplots(4, 11, figsize=(9, 3.5))
for row, i in zip(axes, (3, 19, 250, 777), strict=True):
    for place, (ax, j) in enumerate(zip(row, [i, *indices[i]], strict=True)):
        ax.imshow(x[j].reshape(8, 8), cmap="gray_r")
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_color("C1" if place == 0 else "#C8C8C8")
        ax.spines[:].set_linewidth(2.5 if place == 0 else 0.8)
figure.suptitle("A digit (orange) and its ten nearest neighbours", fontsize=10)
plt.show()

# %% [markdown]
# They are the same digit nearly always. Here, where all labels are known, we can count how often; but remember that
# this count is a look at 1348 labels, which the method itself never takes.

# %%
for k in (1, 5, 10):
    print(f"nearest {k:2}: {np.mean(y[indices[:, :k]] == y[:, None]):.1%} have the same label")
far = np.random.default_rng(0).integers(len(x), size=(len(x), 10))
print(f"any row:    {np.mean(y[far] == y[:, None]):.1%}")
assert np.mean(y[indices] == y[:, None]) > 0.9

# %% [markdown]
# That is the **assumption** under everything that follows: *near rows have the same class*. If it holds, a label says
# something about its neighbours, less about theirs, and so on. If it does not hold, all this is worth nothing, and no
# formula will notice.
#
# ## The graph
#
# Join each row to its ten nearest, with a weight that falls with the distance:
#
# $$ w_{ij} = \exp\Big( - \frac{\lVert x_i - x_j \rVert^2}{\sigma_i \sigma_j} \Big), $$
#
# where $\sigma_i$ is how far row $i$ reaches, its distance to the tenth. A row in a thin region reaches farther; with
# one $\sigma$ for all, thin regions would fall apart. Nearly all weights are zero, so that the matrix is kept as a
# *sparse* one:

# %%
graph = neighbor_graph(places, 10)
n = graph.shape[0]
print(f"{n} x {n} weights, {graph.nnz / n**2:.1%} of them not 0")
assert np.isclose(
    graph[0, indices[0, 0]],
    np.exp(-(distances[0, 0] ** 2) / distances[0, -1] / distances[indices[0, 0], -1]),
)

# %% [markdown]
# ## Let the labels flow
#
# Let $Y$ have a one for each label: row $i$, column $y_i$; all else zero. In each step, every row takes what its
# neighbours have, and the labelled ones are topped up again:
#
# $$ F \leftarrow \alpha S F + (1 - \alpha)\, Y, \qquad S = D^{-1/2}\, W D^{-1/2}, $$
#
# with $D$ the row sums of $W$ (Zhou et al. 2004). $\alpha = 0.99$ lets labels travel a hundred steps or so.
#
# **Question.** How many rows have a guess after one step, and how many are right in the end?

# %%
rows = draw_labels(20, seed=0)
S = normalized(graph)
Y = np.zeros((n, 10))
Y[rows, y[rows]] = 1
F, history = Y.copy(), []
for step in range(1, 201):
    F = 0.99 * (S @ F) + 0.01 * Y
    reached = F.sum(axis=1) > 0
    history.append((step, reached.mean(), np.mean(reached & (F.argmax(axis=1) == y))))
    if step in (1, 2, 4, 8, 16, 200):
        print(f"step {step:3}: {reached.mean():4.0%} reached, {history[-1][2]:.0%} of all rows right")

# %% tags=["hide-input"]
figure, ax = plt.subplots(figsize=(6.4, 3.2))
steps, reached, right = np.array(history).T
ax.plot(steps, reached, color="0.5", label="reached by a label")
ax.plot(steps, right, color="C0", label="guessed right")
ax.set_xscale("log")
ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
ax.set(xlabel="steps, logarithmic", ylim=(0, 1.02))
ax.set_title("Twenty random labels flow along the graph", fontsize=10)
ax.legend(frameon=False)
plt.show()

# %% [markdown]
# Every step multiplies by $\alpha S$, whose eigenvalues lie below one, so that it ends somewhere:
#
# $$ F = (1 - \alpha)(I - \alpha S)^{-1} Y . $$
#
# `spread` solves this by conjugate gradients instead of many steps, and divides each row by its sum:

# %%
p = spread(graph, rows, y[rows], 10)
for _ in range(3000):
    F = 0.99 * (S @ F) + 0.01 * Y
np.testing.assert_allclose(p, F / F.sum(axis=1, keepdims=True), atol=1e-3)
print(f"right among all rows of the pool: {np.mean(p.argmax(axis=1) == y):.1%}")

# %% [markdown]
# ## Which rows deserve a label?
#
# Twenty random rows miss classes and repeat others. The graph can choose better. The eigenvectors of $S$ with the
# largest eigenvalues change little along its edges: rows that hang together get nearly the same numbers. With them as
# coordinates, clusters that wind through the space of pixels become heaps, which k-means finds; and we ask for the row
# in the middle of each.

# %%
points = spectral_points(graph, 20, np.random.default_rng(0))
chosen = central_rows(points, n, 20, np.random.default_rng(0))
print("random: ", *np.sort(y[rows]))
print("central:", *np.sort(y[chosen]))
assert len(set(y[chosen])) > len(set(y[rows]))

# %% tags=["hide-input"]
figure, axes = plt.subplots(2, 20, figsize=(9, 1.3))
for line, (name, some) in zip(axes, (("random", rows), ("central", chosen)), strict=True):
    for ax, i in zip(line, some[np.argsort(y[some], kind="stable")], strict=True):
        ax.imshow(x[i].reshape(8, 8), cmap="gray_r")
        ax.set(xticks=[], yticks=[])
    line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
plt.show()

# %% [markdown]
# `tinyal.strategies.graph.GraphCenters` is this as a strategy: give it to an `ActiveLearner`, and its first questions
# are of this kind.
#
# ## Teach a network
#
# The graph knows nothing of images it has not seen, and a network is what we want. So the spread labels teach one. Some
# of them are wrong; where the graph is unsure it says so, by
#
# $$ c_i = 1 - \frac{H(p_i)}{\ln 10}, $$
#
# one for a row of which it is certain, zero where all classes are equally likely. Rows count as much in the loss. With
# `rounds=2` the network then answers for all rows itself and teaches the next one: **self-training**.

# %%
p = spread(graph, chosen, y[chosen], 10)
right = p.argmax(axis=1) == y
order = np.argsort(confidence(p))
print("of the rows it is least sure of,     ", f"{right[order[: n // 5]].mean():.0%} are right")
print("of the rows it is surest of,         ", f"{right[order[-n // 5 :]].mean():.0%}")
assert right[order[: n // 5]].mean() < right[order[-n // 5 :]].mean()


def labels_of(some):
    """Return what scikit-learn's semi-supervised estimators take: −1 where there is no label."""
    given = np.full(len(x), UNLABELED)
    given[some] = y[some]
    return given


def self_trained(some, seed=0, **settings):
    """Return the test accuracy of a network taught by the graph and by itself."""
    how = {"graph": graph, "steps": 300, "rounds": 1, "optimizer": nn.Adam(5e-3), "classes": range(10)}
    model = SelfTraining(layers, seed=seed, **(how | settings))
    return model.fit(x, labels_of(some)).score(data.x_test, data.y_test)


print(f"the network, on test images: {self_trained(chosen):.1%}")

# %% [markdown]
# ## All together
#
# Five seeds each. "Alone" is a network that learns from the labels and nothing else.

# %%
table = {}
for budget in (10, 20, 50):
    for how in ("random", "central"):
        for seed in range(5):
            some = draw_labels(budget, seed)
            if how == "central":
                some = central_rows(points, n, budget, np.random.default_rng(seed))
            single = nn.Classifier(layers, steps=150, classes=range(10), seed=seed).fit(x[some], y[some])
            scores = single.score(data.x_test, data.y_test), self_trained(some, seed)
            table.setdefault((budget, how), []).append(scores)
print("median test accuracy      alone    with the pool")
for (budget, how), scores in table.items():
    one, two = np.median(scores, axis=0)
    print(f"{budget:3} labels, {how:8} {one:12.1%} {two:12.1%}")
assert np.median(table[20, "central"], axis=0)[1] > np.median(table[20, "random"], axis=0)[0] + 0.15

# %% [markdown]
# Both halves help: which rows get a label, and what the others say about them.

# %% [markdown]
# ## Say how many there are of each
#
# One more piece of knowledge is often used, and often without saying so: *that classes are equally frequent*. Then the
# spread can be **balanced**: columns are multiplied until each class has its share of the rows. In this pool that is
# true, and it helps much. How frequent they are can also be *estimated*, from how much of the graph the labels of each
# class fill.

# %%
print("rows of each digit:", *np.bincount(y))
helped = {}
for balance in (None, "estimated", "equal"):
    some = [central_rows(points, n, 20, np.random.default_rng(seed)) for seed in range(5)]
    helped[balance] = np.median([self_trained(rows, seed, balance=balance) for seed, rows in enumerate(some)])
    print(f"balance={balance!s:10} 20 labels: median {helped[balance]:.1%}")
assert helped["equal"] > helped[None] + 0.02

# %% [markdown]
# ## And now it breaks
#
# Two heaps that touch, 300 rows of one class and 60 of the other, one label each.
#
# **Question.** We say that both are equally frequent. Which rows change sides?

# %%
rng = np.random.default_rng(0)
heaps = np.concatenate([rng.normal(size=(300, 2)), rng.normal(size=(60, 2)) * 0.5 + [3, 0]])
side, touching = np.repeat([0, 1], [300, 60]), neighbor_graph(heaps, 8)
assumed = {"nothing": None, "estimated": "estimated", "the true shares": [5, 1], "equal": "equal"}
answers = {
    name: spread(touching, [0, 330], [0, 1], 2, balance=balance).argmax(axis=1)
    for name, balance in assumed.items()
}
for name, answer in answers.items():
    print(f"assumed: {name:16} {np.mean(answer == side):.0%} right, {answer.mean():.0%} in the small class")
assert np.mean(answers["equal"] == side) < 0.8 < 0.9 < np.mean(answers["estimated"] == side)

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 4, figsize=(10, 2.6), sharex=True, sharey=True, layout="constrained")
for ax, (name, answer) in zip(axes, answers.items(), strict=True):
    for k, color in ((0, "C0"), (1, "C1")):
        ax.plot(*heaps[answer == k].T, ".", color=color, markersize=4)
    ax.plot(*heaps[[0, 330]].T, "k*", markersize=10)
    ax.set_title(f"assumed: {name}", fontsize=10)
    ax.set(xticks=[], yticks=[], aspect="equal")
plt.show()

# %% [markdown]
# The large heap is cut in two: a hundred rows and more go over to a class that they do not belong to, because we said
# that it must have them. Nothing warns us.
#
# Now the digits, with sevens, eights and nines made rare. Their heaps touch less, and rows that are sure beyond doubt
# cannot be moved.
#
# **Question.** What happens to the few rare ones if we assume nothing, and what if we say that they are frequent?

# %%
rng = np.random.default_rng(0)
keep = np.flatnonzero((y < 7) | (rng.random(len(y)) < 0.1))
rare_graph = neighbor_graph(principal_components(x[keep].astype(np.float32) / 255, 60), 10)
rare_points, rare_y = spectral_points(rare_graph, 20, np.random.default_rng(0)), y[keep]
true_shares = np.bincount(rare_y, minlength=10) / len(rare_y)
print("shares of the digits:", *(f"{share:.0%}" for share in true_shares))
rare_results = {}
for name, balance in (assumed | {"the true shares": true_shares}).items():
    right = []
    for seed in range(5):
        some = central_rows(rare_points, len(keep), 50, np.random.default_rng(seed))
        answer = spread(rare_graph, some, rare_y[some], 10, balance=balance).argmax(axis=1)
        right.append([np.mean(answer == rare_y), np.mean(answer[rare_y >= 7] == rare_y[rare_y >= 7])])
    results = rare_results[name] = np.median(right, axis=0)
    print(f"assumed: {name:16} {results[0]:.1%} right, of the rare digits {results[1]:.0%}")
assert rare_results["equal"][1] > rare_results["estimated"][1] > rare_results["nothing"][1]
assert rare_results["equal"][0] < rare_results["estimated"][0]

# %% [markdown]
# Chosen for being typical, hardly a label went to a rare digit, so that these drown. Saying that they are frequent digs
# out more of them, and with them rows that are none: of all rows fewer are right than with the estimate. What is better
# depends on what a mistake costs, and that no graph knows. Balancing is knowledge that is put in: say when you use it.
#
# The other assumption, that near rows are alike, breaks just as quietly. Add noise that has nothing to do with the
# digit, and distances speak of the noise:

# %%
noise = np.random.default_rng(0)
for amount in (0.0, 0.2, 0.4, 0.8):
    blurred = (x / 255 + noise.normal(0, amount, x.shape)).astype(np.float32)
    noisy_places = principal_components(blurred, 60)
    near, _ = nearest_neighbors(noisy_places, 10)
    answer = spread(neighbor_graph(noisy_places, 10), chosen, y[chosen], 10, balance="equal").argmax(axis=1)
    print(
        f"noise {amount:.1f}: {np.mean(y[near] == y[:, None]):4.0%} of neighbours have the same label, "
        f"{np.mean(answer == y):4.0%} of rows right"
    )

# %% [markdown]
# Photographs are like that in the space of their pixels: two pictures of a cat have no near pixels in common. There one
# needs features first, of a network that was trained without labels or on other images, and counts those as what they
# are: knowledge from elsewhere. Even for digits it pays to measure nearness well: with images set upright and described
# by how their strokes run (`tinynn.deskewing`, `tinynn.gradient_histograms`), neighbours on MNIST are of one class far
# more often than by pixels, and the reproduction below does so.
#
# ## What you now know
#
# - Rows without labels say which rows belong together. If near rows have the same class, few labels go far.
# - Labels flow along a graph of neighbours: $F = (1 - \alpha)(I - \alpha S)^{-1} Y$, a sparse system of equations.
# - The first labels belong into the middle of clusters. Doubt comes later, when there is a model to doubt.
# - A network that learns from spread labels, weighted by confidence, is no longer bound to the graph.
# - "Classes are equally frequent" is knowledge, too. Where it is false it does harm; say so when you use it.
# - With MNIST's 60,000 images the same parts go further: `tinyal reproduce few-labels`, and
#   [what it reached](../results/few-labels.md).
