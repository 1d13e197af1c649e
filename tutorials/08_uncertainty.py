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
# # What a network does not know
#
# A network answers every question, also one that it cannot know the answer to. Dropout, left on while predicting,
# turns one trained network into many, and where they contradict each other it does not know. Here we see where that
# works, and where it does not.
#
# The tutorials so far judged a network by its mistakes. From here on we want to know *before* the mistake: which of
# these answers should not be trusted, and for which rows would a label help?

# %%
import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

import tinyal as al
import tinynn as nn

# Matrices this small gain nothing from more threads, and several threads would round their sums differently.
_ = threadpool_limits(1)

# %% [markdown]
# ## Two kinds of not knowing
#
# We build data with two troubles in it, on purpose.
#
# - **A gap.** From the two moons we take away everything in the middle. The points are still there in the world,
#   but the network never sees one.
# - **A coin.** At the left tip, the label is thrown by a coin. No amount of data will ever tell what it is going to
#   be.


# %%
def draw(n, seed):
    """Return points, their labels, and which of them lie in the gap, and which got their label by a coin."""
    x, y = nn.toys.moons(n, noise=0.1, seed=seed)
    gap = ((x[:, 0] > -0.1) & (x[:, 0] < 1.1)) | (y != (x[:, 0] > 0.5))
    coin = x[:, 0] < -0.6
    y[coin] = np.random.default_rng(seed).integers(0, 2, coin.sum())
    return x, y, gap, coin


x, y, gap, coin = draw(300, seed=0)
x_seen, y_seen = x[~gap], y[~gap]
print(
    f"{len(x_seen)} points to learn from, {coin.sum()} of them labelled by a coin; {gap.sum()} hidden in the gap"
)

# %% [markdown]
# Each picture below is drawn on the same piece of the plane. We ask the network at every place of a grid.

# %% tags=["hide-input"]
left, right, bottom, top = -2, 3, -1.6, 2.1
columns, rows = 150, 111
grid = np.stack(np.meshgrid(np.linspace(left, right, columns), np.linspace(bottom, top, rows)), axis=-1)
plane = grid.reshape(-1, 2)


def points(ax, hidden=False):
    """Draw what the network learns from, and if wanted what it never sees."""
    for k, marker in enumerate("os"):
        ax.scatter(*x_seen[y_seen == k].T, s=16, c=f"C{k}", marker=marker, edgecolors="white", linewidths=0.4)
        if hidden:
            ax.scatter(*x[gap & (y == k)].T, s=10, facecolors="none", edgecolors=f"C{k}", marker=marker)
    ax.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[], aspect="equal")


figure, ax = plt.subplots(figsize=(6.4, 4.4))
points(ax, hidden=True)
ax.set_title("Filled: what the network learns from. Hollow: what it never sees", fontsize=10)
ax.annotate("coin", (-1.1, -0.4), ha="center", fontsize=10)
ax.annotate("gap", (0.5, -1.1), ha="center", fontsize=10)
figure.tight_layout()
plt.show()

# %% [markdown]
# ## One network is too sure
#
# Two hidden layers, and dropout behind each of them: in training, every unit is silenced three times in ten. When it
# predicts, `predict_proba` uses all units, as usual.

# %%
model = nn.Classifier(
    [nn.Dense(64), nn.ReLU(), nn.Dropout(0.3), nn.Dense(64), nn.ReLU(), nn.Dropout(0.3), nn.Dense(2)],
    epochs=200,
    batch_size=32,
    optimizer=nn.Adam(1e-2),
)
model.fit(x_seen, y_seen)

p_gap = model.predict_proba(x[gap])
right_in_gap = model.score(x[gap], y[gap])
sure_in_gap = p_gap.max(axis=1).mean()
print(
    f"in the gap: on average it gives its answer {sure_in_gap:.0%}, and {right_in_gap:.0%} of its answers are right"
)
assert sure_in_gap > right_in_gap + 0.1

# %% [markdown]
# It draws one border through the gap and believes in it, though nothing told it where the border is. A probability of
# 99 % is a statement of *this* network. It does not say how many other networks, which fit the data as well, would say
# the opposite.
#
# ## Many networks for the price of one
#
# So let us ask other networks. With dropout left on, every pass silences other units, and what is left is a **thinned
# network**. All of them were trained: each was the network of some training step. `sample_proba` asks T of them, and
# uses the same T networks for all rows.

# %%
samples = model.sample_proba(plane, n_samples=100, seed=0)
print("samples:", samples.shape, "= (networks, places, classes)")

# %% [markdown]
# **Question.** Each thinned network has a border of its own, where it gives both classes one half. Where will these
# borders agree, and where not?

# %% tags=["hide-input"]
figure, ax = plt.subplots(figsize=(6.4, 4.4))
for network in samples[:30]:
    ax.contour(
        grid[..., 0], grid[..., 1], network[:, 1].reshape(rows, columns), [0.5], colors="C2", linewidths=0.7
    )
points(ax)
ax.set_title("The borders of 30 thinned networks", fontsize=10)
figure.tight_layout()
plt.show()

# %% [markdown]
# Near the points they run together, and the farther from all points, the more they fan out. Look at the waist, too,
# where all of them meet: nothing in the data says that the border passes there. Thinned networks have one training in
# common, and what that training happened to settle, none of them doubts. We come back to this.
#
# ## Two numbers for two kinds
#
# Now one number for each place. Take the mean of the T predictions, and its **entropy**: zero where one class has all
# the probability, largest where they share it.
#
# $$
# H(\bar p) = -\sum_k \bar p_k \ln \bar p_k, \qquad \bar p = \frac{1}{T} \sum_t p_t
# $$
#
# A mean of one half can come about in two ways. Every network may say one half: they agree that it is a coin. Or half
# of them say 0 and half say 1: they contradict each other. So we also take the entropy of each network, and its mean.
# What the mean's entropy has beyond that is disagreement, and is called **BALD**.
#
# $$
# \underbrace{H(\bar p)}_{\text{unsure at all}} =
# \underbrace{\frac{1}{T} \sum_t H(p_t)}_{\text{each network is unsure}} +
# \underbrace{\mathrm{BALD}}_{\text{the networks disagree}}
# $$

# %%
total = al.measures.entropy(samples.mean(axis=0))
bald = al.measures.bald(samples)
each = np.mean([al.measures.entropy(network) for network in samples], axis=0)

assert np.allclose(total, each + bald, atol=1e-4)

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 3, figsize=(10.5, 3.1), layout="constrained")
for ax, values, title in zip(
    axes, (total, each, bald), ("entropy of the mean", "mean of the entropies", "BALD: the rest"), strict=True
):
    image = ax.imshow(
        values.reshape(rows, columns),
        origin="lower",
        extent=(left, right, bottom, top),
        cmap="Greys",
        vmin=0,
        vmax=np.log(2),
    )
    points(ax)
    ax.set_title(title, fontsize=10)
figure.colorbar(image, ax=axes, label="nats (ln 2 = 0.69)", shrink=0.85)
plt.show()

# %% [markdown]
# The first map is dark in two places, and cannot tell them apart. The other two can. Around the coin every network is
# unsure by itself: there is nothing left to learn. In the gap each network is sure, and they contradict each other: a
# label would settle that.
#
# In books the two kinds are called **aleatoric** (from *alea*, the die) and **epistemic** (from *episteme*,
# knowledge).
#
# **Question.** You can pay for twenty labels, anywhere among new points. Where do you ask?

# %%
x_new, y_new, new_gap, new_coin = draw(600, seed=1)
s = model.sample_proba(x_new, n_samples=100, seed=0)
scores = {
    "largest entropy": al.measures.entropy(s.mean(axis=0)),
    "largest BALD": al.measures.bald(s),
}
asked = {name: np.argsort(-score)[:20] for name, score in scores.items()}
for name, chosen in asked.items():
    print(
        f"{name:16} {new_coin[chosen].sum():2} of 20 questions go to the coin, {new_gap[chosen].sum():2} to the gap"
    )

assert new_coin[asked["largest entropy"]].sum() > new_coin[asked["largest BALD"]].sum()
assert new_gap[asked["largest BALD"]].sum() >= 15

# %% [markdown]
# By BALD. A label at the tip buys one more throw of the coin. Let us see what labels do: the network gets all of the
# new points, those in the gap and those of the coin, and we draw the maps again.

# %%
later = nn.Classifier(**model.get_params())
later.fit(np.concatenate([x_seen, x_new]), np.concatenate([y_seen, y_new]))
after = later.sample_proba(x_new, n_samples=100, seed=0)

coin_before = scores["largest entropy"][new_coin].mean()
coin_after = al.measures.entropy(after.mean(axis=0))[new_coin].mean()
x_other, y_other, other_gap, _ = draw(600, seed=2)
gap_before, gap_after = (m.score(x_other[other_gap], y_other[other_gap]) for m in (model, later))
print(f"in the gap, right answers:   before {gap_before:.0%}, after {gap_after:.0%}")
print(
    f"at the coin, entropy (nats): before {coin_before:.2f}, after {coin_after:.2f}; a fair coin has {np.log(2):.2f}"
)
assert gap_after > gap_before + 0.2
assert coin_after > 0.7 * np.log(2)

# %% tags=["hide-input"]
samples_later = later.sample_proba(plane, n_samples=100, seed=0)
maps = (al.measures.entropy(samples_later.mean(axis=0)), al.measures.bald(samples_later))
figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
for ax, values, title in zip(axes, maps, ("entropy of the mean, after", "BALD, after"), strict=True):
    image = ax.imshow(
        values.reshape(rows, columns),
        origin="lower",
        extent=(left, right, bottom, top),
        cmap="Greys",
        vmin=0,
        vmax=np.log(2),
    )
    for k in (0, 1):
        ax.scatter(*x_new[y_new == k].T, s=3, c=f"C{k}")
    ax.set(title=title, xticks=[], yticks=[], xlim=(left, right), ylim=(bottom, top))
    ax.title.set_fontsize(10)
figure.colorbar(image, ax=axes, label="nats", shrink=0.85)
plt.show()

# %% [markdown]
# The doubt in the gap is gone, and a thin line along the border is left of it. The doubt about the coin has stayed, and
# is right to stay.
#
# ## What dropout does not know either
#
# Now step back. The same network, as it was before the new labels, is asked far from everything it has seen.
#
# **Question.** Forty steps away, with not one point anywhere near: how sure should it be? How sure is it?

# %%
angle = np.linspace(0, 2 * np.pi, 2000, endpoint=False)
ring = np.column_stack([np.cos(angle), np.sin(angle)])
print("distance   mean probability of the answer   share of places with BALD above 0.1")
for distance in (1, 4, 10, 40, 400):
    s = model.sample_proba(distance * ring, n_samples=100, seed=0)
    sure = s.mean(axis=0).max(axis=1).mean()
    doubt = np.mean(al.measures.bald(s) > 0.1)
    print(f"{distance:8}   {sure:30.1%}   {doubt:37.0%}")
assert sure > 0.8

# %% tags=["hide-input"]
far = 40 * np.stack(np.meshgrid(np.linspace(-1, 1, 121), np.linspace(-1, 1, 121)), axis=-1).reshape(-1, 2)
s = model.sample_proba(far, n_samples=100, seed=0)
figure, axes = plt.subplots(1, 2, figsize=(8, 3.7), layout="constrained")
for ax, values, high, title in zip(
    axes,
    (s.mean(axis=0)[:, 1], al.measures.bald(s)),
    (1, np.log(2)),
    ("mean probability of class 1", "BALD, in nats"),
    strict=True,
):
    image = ax.imshow(
        values.reshape(121, 121), origin="lower", extent=(-40, 40, -40, 40), cmap="Greys", vmin=0, vmax=high
    )
    ax.plot(*x_seen.T, ".", color="C1", markersize=2)
    ax.set_title(title, fontsize=10)
    figure.colorbar(image, ax=ax, shrink=0.85)
plt.show()

# %% [markdown]
# The orange speck in the middle is all it has ever seen. From there the plane is cut into wedges, and within a wedge a
# hundred networks agree, with a probability near one, about places that no data point is near to.
#
# The reason is in the layers. Along a straight line away from the middle, each ReLU stays on or stays off from some
# distance on, and then the network is linear: the difference of its logits grows in proportion to the distance, and the
# softmax of a large difference is one (Hein, Andriushchenko and Bitterwolf 2019, "Why ReLU networks yield
# high-confidence predictions far away from the training data"). Thinning changes the slope, seldom its sign.
# Disagreement is left where the sign changes, in the fans.

# %%
direction = ring[np.argmax(p_side := model.predict_proba(40 * ring)[:, 0])]  # where it is surest of class 0
logits = model.network_.forward(np.array([[100.0], [200.0], [300.0]]) * direction)
lead = logits[:, 0] - logits[:, 1]
print("lead of the first logit at distance 100, 200 and 300:", lead.round(1))
print("and by how much it grows from each to the next:      ", np.diff(lead).round(1))
assert np.isclose(*np.diff(lead), rtol=1e-2)
assert p_side.max() > 0.99

# %% [markdown]
# So remember what dropout can say: **where networks from one training, on these data, disagree**. It cannot say "I have
# never seen anything like this". For that one has to look at the data: the distance to the nearest labelled point asks
# no model at all, and [choosing by it](../derivations/k-center.md) is a strategy, too.
#
# ## What it is good for
#
# After so much honesty: it is useful. We go back to the digits, with a hundred labels, and let the network sort the
# test images by its own doubt, the entropy of the mean. Nobody tells it a test label.

# %%
data = nn.datasets.load("digits")
reader = nn.Classifier(
    [nn.Dense(128), nn.ReLU(), nn.Dropout(0.5), nn.Dense(10)],
    steps=150,
    batch_size=32,
    optimizer=nn.Adam(5e-3),
)
reader.fit(data.x_train[:100], data.y_train[:100])
s = reader.sample_proba(data.x_test, n_samples=100, seed=0)
doubt = al.measures.entropy(s.mean(axis=0))
guess = s.mean(axis=0).argmax(axis=1)
wrong = guess != data.y_test
order = np.argsort(doubt)

half = len(order) // 2
print(f"wrong, of all test images:      {wrong.mean():.0%}")
print(f"wrong, of the half it is sure of: {wrong[order[:half]].mean():.0%}")
print(f"wrong, of the other half:         {wrong[order[half:]].mean():.0%}")
assert wrong[order[:half]].mean() < wrong.mean() / 2

# %% [markdown]
# Who may leave the doubtful ones to a person gets far fewer mistakes for the rest. Here is how many, for every share
# that is left to a person; and the images at both ends.

# %% tags=["hide-input"]
figure, ax = plt.subplots(figsize=(6.4, 3.4))
kept = np.arange(20, len(order) + 1)
ax.plot(1 - kept / len(order), np.cumsum(wrong[order])[19:] / kept, color="C0")
ax.axhline(wrong.mean(), color="C1", linestyle="--")
ax.annotate(
    "leaving out as many at random", (0.98, wrong.mean()), ha="right", va="bottom", color="C1", fontsize=9
)
ax.set(
    xlabel="share left to a person, the most doubtful first",
    ylabel="wrong, of the others",
    ylim=(0, 1.15 * wrong.mean()),
)
for axis in (ax.xaxis, ax.yaxis):
    axis.set_major_formatter(lambda value, _: f"{value:.0%}")
figure.tight_layout()
plt.show()

# %% tags=["hide-input"]
figure, axes = plt.subplots(2, 10, figsize=(9.5, 2.9))
for line, chosen in zip(axes, (order[:10], order[:-11:-1]), strict=True):
    for ax, row in zip(line, chosen, strict=True):
        ax.imshow(data.x_test[row].reshape(data.image_shape), cmap="gray_r")
        ax.set_title(
            f"{guess[row]}?  ({data.y_test[row]})",
            fontsize=9,
            color="C1" if wrong[row] else plt.rcParams["text.color"],
        )
        ax.set_axis_off()
figure.suptitle(
    "Above: it is surest. Below: it doubts most. Its guess, and the truth; orange where it is wrong",
    fontsize=10,
)
figure.tight_layout()
plt.show()

# %% [markdown]
# **Question.** The same test images with black and white exchanged. A person reads them as well as before; the network
# has never seen such a thing. Will it say so?

# %%
inverted = 255 - data.x_test
s_inverted = reader.sample_proba(inverted, n_samples=100, seed=0).mean(axis=0)
right_inverted = (s_inverted.argmax(axis=1) == data.y_test).mean()
for name, p, right in (
    ("as they are", s.mean(axis=0), 1 - wrong.mean()),
    ("inverted", s_inverted, right_inverted),
):
    print(f"{name:12} it gives its answers {p.max(axis=1).mean():.0%} on average, and {right:.0%} are right")
assert s_inverted.max(axis=1).mean() > right_inverted + 0.3

# %% [markdown]
# It does not. This is the far-away place again, in 64 dimensions.
#
# ## What you now know
#
# - Dropout left on is a sampler: every pass is another thinned network, and `sample_proba` asks the same ones for all
#   rows.
# - The entropy of their mean says how unsure they are together. It is the sum of two parts: what each of them is unsure
#   about by itself, which no label can help, and **BALD**, by how much they disagree, which a label can settle. The
#   formula is derived on the page on [BALD](../derivations/bald.md).
# - They are thinned from one training. Where that one settled something without evidence, they agree: in the waist, and
#   far away. A low BALD is no certificate.
# - Sorting by doubt finds mistakes without knowing the truth.
#
# BALD is called an *information gain*. Why information, and whose gain? The next tutorial counts it, beginning with a
# coin.
