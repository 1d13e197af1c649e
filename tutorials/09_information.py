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
# # How much an answer is worth
#
# Entropy counts how much we do not know, and information gain how much of it an answer takes away. We count both with
# coins, draw them on a triangle, and end with a model so small that everything it might believe fits into one picture:
# it chooses its own questions, and we watch its beliefs shrink.
#
# The last tutorial measured doubt in nats and called BALD an information gain. Here is what these words mean.

# %%
import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

import tinyal as al
import tinynn as nn

_ = threadpool_limits(1)
# %% [markdown]
# ## Surprise
#
# An event of probability p surprises us by −ln p. Three demands leave no other choice, up to the unit: what is certain
# does not surprise, what is rarer surprises more, and the surprises of two independent events add up, while their
# probabilities multiply.

# %%
for what, p in (
    ("the sun rises", 1.0),
    ("heads", 1 / 2),
    ("heads, heads, heads", 1 / 8),
    ("a six", 1 / 6),
):
    print(f"{what:20} p = {p:5.3f}   surprise {-np.log(p) + 0.0:5.3f} nats = {-np.log2(p) + 0.0:5.3f} bits")

# %% [markdown]
# A **bit** is the surprise of one fair coin. A **nat** is the same thing in another unit: 1 bit = ln 2 ≈ 0.693 nats. We
# stay with nats, in which derivatives look best.
#
# ## Entropy is the surprise to expect
#
# $$
# H(p) = \sum_k p_k \cdot (-\ln p_k)
# $$
#
# **Question.** A coin shows heads nine times in ten. Heads hardly surprises, tails does a lot. What do we expect per
# throw: more than from a fair coin, or less?

# %%
for p in (0.5, 0.9, 0.99):
    print(f"heads with {p:4.0%}: entropy {al.measures.entropy([[p, 1 - p]])[0]:.3f} nats")

assert al.measures.entropy([[0.9, 0.1]]) < al.measures.entropy([[0.5, 0.5]])

# %% [markdown]
# Less. The big surprise is rare. Do not take the formula's word for it: throw the coin, add up your surprises, and
# divide by the number of throws.

# %%
p = 0.9
throws = np.random.default_rng(0).random(2000) < p
surprise = np.where(throws, -np.log(p), -np.log(1 - p))
mean_so_far = np.cumsum(surprise) / np.arange(1, len(throws) + 1)
expected = al.measures.entropy([[p, 1 - p]])[0]
print(f"mean surprise of {len(throws)} throws: {mean_so_far[-1]:.3f} nats; entropy: {expected:.3f} nats")
assert abs(mean_so_far[-1] - expected) < 0.06

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
axes[0].semilogx(np.arange(1, len(throws) + 1), mean_so_far, color="C0")
axes[0].axhline(expected, color="C1", linestyle="--")
axes[0].set(xlabel="throws of a coin with 90 % heads", ylabel="mean surprise in nats")
shares = np.linspace(0, 1, 201)
axes[1].plot(shares, al.measures.entropy(np.column_stack([shares, 1 - shares])), color="C0")
axes[1].plot([p], [expected], "o", color="C1")
axes[1].axhline(np.log(2), color="C1", linestyle=":")
axes[1].annotate("ln 2: one bit", (0.02, np.log(2)), va="bottom", color="C1", fontsize=9)
axes[1].set(xlabel="probability of heads", ylabel="entropy in nats", ylim=(0, 0.78))
plt.show()

# %% [markdown]
# On the left, surprises average out to the entropy. On the right, the entropy of every coin: none where the outcome is
# known, most where it is fair.
#
# ## Three classes fit into a triangle
#
# Probabilities of three classes sum to one, so two of them say it all, and every prediction is a point of a triangle.
# At a corner the model is certain, on an edge one class is ruled out, in the middle nothing is known. This is enough to
# see how ways to measure doubt differ: entropy, least confidence $1 - \max_k p_k$, and margin, the lead of the first
# class over the second. (A small margin means doubt; so that darker is always more doubt, we draw one minus the
# margin.)

# %%
corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)]])
steps = 60
triangle = (
    np.array([(i, j, steps - i - j) for i in range(steps + 1) for j in range(steps + 1 - i)], dtype=float)
    / steps
)  # every division of sixty sixtieths among three classes
doubts = {
    "entropy": al.measures.entropy(triangle),
    "least confidence": al.measures.least_confidence(triangle),
    "1 − margin": 1 - al.measures.margin(triangle),
}
tie = np.array([0.5, 0.5, 0.0])  # two classes share everything
spread = np.array([0.55, 0.23, 0.22])  # one class leads, and the others share the rest

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 3, figsize=(10, 3.5), layout="constrained")
for ax, (name, values) in zip(axes, doubts.items(), strict=True):
    ax.tricontourf(*(triangle @ corners).T, values, levels=12, cmap="Greys")
    for point, letter, marker in ((tie, "A", "o"), (spread, "B", "s")):
        place = point @ corners
        ax.plot(*place, marker, color="C1", markersize=7)
        ax.annotate(letter, place, (6, 5), textcoords="offset points", color="C1", fontsize=12, weight="bold")
    for corner, k, below in zip(corners, range(3), (True, True, False), strict=True):
        ax.annotate(
            f"class {k}",
            corner,
            (0, -4 if below else 4),
            textcoords="offset points",
            ha="center",
            va="top" if below else "bottom",
            fontsize=9,
        )
    ax.set_title(name, fontsize=11, pad=16)
    ax.set(aspect="equal", xlim=(-0.12, 1.12), ylim=(-0.1, 0.95))
    ax.set_axis_off()
plt.show()

# %% [markdown]
# In A = (0.50, 0.50, 0) two classes are tied, and the third is out of the question. In B = (0.55, 0.23, 0.22) one
# leads, and the rest is spread.
#
# **Question.** Which of the two does each measure ask for first?

# %%
both = np.array([tie, spread])
print("                      A      B")
for name, of_both in (
    ("entropy", al.measures.entropy(both)),
    ("least confidence", al.measures.least_confidence(both)),
    ("1 − margin", 1 - al.measures.margin(both)),
):
    print(f"{name:18} {of_both[0]:6.3f} {of_both[1]:6.3f}   asks for {'AB'[of_both.argmax()]}")

assert al.measures.entropy(both).argmax() == 1
assert al.measures.margin(both).argmin() == al.measures.least_confidence(both).argmax() == 0

# %% [markdown]
# Entropy counts every small probability, and takes B. Margin and least confidence look at the leaders, and take A:
# there one label decides. For accuracy, what matters is who leads, and this is one reason why margin often does well.
#
# All three look at one prediction only. What they cannot see is whether a label would teach the *model* anything.
#
# ## Which coin is in my pocket?
#
# I have one of two coins in my pocket, as likely the one as the other: a fair one, or one with heads on both sides. You
# may see one throw. How much does it tell you about which coin it is?
#
# Write down how often each pair occurs, in eight such games:

# %%
#                  tails  heads
joint = np.array(
    [
        [2.0, 2.0],  # the fair coin
        [0.0, 4.0],
    ]
)  # the coin with two heads
joint /= joint.sum()


def entropy(p):
    """Return the entropy of one distribution: the sum of p ln(1/p), where 0 ln(1/0) is 0."""
    p = p[p > 0]
    return float(np.sum(p * np.log(1 / p)))


which_coin = joint.sum(axis=1)
outcome = joint.sum(axis=0)
print("before the throw, entropy of the coin:", round(entropy(which_coin), 4))
for k, name in enumerate(("tails", "heads")):
    posterior = joint[:, k] / outcome[k]
    print(
        f"after {name}, which comes with probability {outcome[k]}: {posterior.round(3)}, {entropy(posterior):.4f}"
    )

left = sum(outcome[k] * entropy(joint[:, k] / outcome[k]) for k in (0, 1))
about_the_coin = entropy(which_coin) - left
print(f"what is left to expect: {left:.4f}.  Gained: {about_the_coin:.4f} nats")

# %% [markdown]
# That is the **information gain**: the entropy before, minus the entropy to be expected after. Tails tells everything,
# for the other coin has none; heads tells a little.
#
# To choose questions by it, we would have to work out what we would believe after each possible answer. For a network
# this means to train it once for every answer. But look what comes out if we turn the question around, and ask how much
# *knowing the coin* would tell about *the throw*:

# %%
of_each_coin = np.array([entropy(row / row.sum()) for row in joint])
about_the_throw = entropy(outcome) - which_coin @ of_each_coin
print(
    f"entropy of the throw {entropy(outcome):.4f}, minus {which_coin @ of_each_coin:.4f} once the coin is known:",
    end=" ",
)
print(f"{about_the_throw:.4f} nats")
assert np.isclose(about_the_coin, about_the_throw)

# %% [markdown]
# The same number. Two things tell exactly as much about each other as the other way round, which is why it is also
# called **mutual information**:
#
# $$
# I(y; \omega) = H(\omega) - \mathbb{E}_y\, H(\omega \mid y) = H(y) - \mathbb{E}_\omega\, H(y \mid \omega)
# $$
#
# The right side needs no posterior, only predictions: the entropy of the mean prediction minus the mean entropy of the
# predictions. Put networks in the place of coins, and it is BALD. Let the library say so:

# %%
coins = np.array(
    [[[0.5, 0.5]], [[0.0, 1.0]]]
)  # (samples, rows, classes): what each coin predicts for one throw
print("al.measures.information_gain:", round(al.measures.information_gain(joint), 4))
print("al.measures.bald:            ", round(float(al.measures.bald(coins)[0]), 4))
assert np.isclose(al.measures.bald(coins)[0], about_the_coin)
assert np.isclose(al.measures.information_gain(joint), about_the_coin)

# %% [markdown]
# **Question.** Other coins in the pocket. Two fair ones? One with two heads and one with two tails? In which of these
# games is the throw hardest to predict, and in which does it tell most?

# %%
pockets = {
    "fair or fair": (0.5, 0.5),
    "fair or two heads": (0.5, 1.0),
    "60 % or 90 % heads": (0.6, 0.9),
    "two tails or two heads": (0.0, 1.0),
}
predictions = np.array([[(1 - coin, coin) for coin in pair] for pair in pockets.values()]).swapaxes(0, 1)
unsure = al.measures.entropy(predictions.mean(axis=0))
gain = al.measures.bald(predictions)
for name, h, g in zip(pockets, unsure, gain, strict=True):
    print(f"{name:23} entropy of the throw {h:.3f}, information about the coin {g:.3f}")
assert np.isclose(unsure[0], unsure[3])
assert np.isclose(gain[0], 0)
assert np.isclose(gain[3], np.log(2))

# %% tags=["hide-input"]
figure, ax = plt.subplots(figsize=(7.5, 2.6))
names = list(pockets)[::-1]
ax.barh(names, gain[::-1], color="C0", label="information about the coin")
ax.barh(
    names, (unsure - gain)[::-1], left=gain[::-1], color="C1", alpha=0.6, label="chance, whichever coin it is"
)
ax.set(xlabel="entropy of the throw in nats", xlim=(0, 0.75))
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, fontsize=9, frameon=False)
figure.tight_layout()
plt.show()

# %% [markdown]
# Two fair coins and two one-sided coins are equally hard to predict. From the first pair nothing can be learned by
# throwing, from the second everything. Who asks by entropy cannot tell these two games apart.
#
# ## A model whose beliefs can be drawn
#
# Now a model. It has two weights, and says
#
# $$
# P(y = 1 \mid x, w) = \sigma(w_1 x_1 + w_2 x_2).
# $$
#
# We allow each weight 61 values. That makes 3721 models, few enough to keep a probability for each of them: no dropout,
# no approximation, **Bayes' rule** itself. A label multiplies the probability of every model by how probable that model
# had held the label to be.

# %%
values = np.linspace(-6, 6, 61)
models = np.stack(np.meshgrid(values, values), axis=-1).reshape(-1, 2)
prior = np.exp(-np.sum(models**2, axis=1) / 8)  # small weights are more probable to begin with
prior /= prior.sum()


def says(points):
    """Return what each model says about points, P(y = 1), (models, points)."""
    return 1 / (1 + np.exp(-models @ points.T))


def coin_entropy(p):
    """Return the entropy of coins with these probabilities."""
    return -p * np.log(p) - (1 - p) * np.log(1 - p)


def unsure_and_gain(belief, points):
    """Return the entropy of the prediction for each point, and how much a label tells about the models."""
    p = says(points)
    of_mean = coin_entropy(belief @ p)
    return of_mean, of_mean - belief @ coin_entropy(p)


def learn(belief, point, label):
    """Return the belief after a label, by Bayes' rule."""
    p = says(point[None])[:, 0]
    belief = belief * (p if label else 1 - p)
    return belief / belief.sum()


# %% [markdown]
# The formula above says that the gain is what a label takes from the entropy of our beliefs, on average. Here we can
# check it: ask about one point, work out both posteriors, and compare.

# %%
point = np.array([1.0, -0.5])
p_one = prior @ says(point[None])[:, 0]
after = p_one * entropy(learn(prior, point, 1)) + (1 - p_one) * entropy(learn(prior, point, 0))
promised = unsure_and_gain(prior, point[None])[1][0]
print(
    f"entropy of the belief {entropy(prior):.4f}; expected after a label {after:.4f}:",
    f"less by {entropy(prior) - after:.4f}",
)
print(f"information gain of the point: {promised:.4f}")
assert np.isclose(entropy(prior) - after, promised)

# %% [markdown]
# ## It chooses its own questions
#
# There is a true model, which we hide, a pool of 200 points, and four labels to ask for. At every step the pool is
# coloured by information gain, and the darkest point is asked for. Below it stands what is believed of the two weights;
# the cross is the truth.

# %%
rng = np.random.default_rng(3)
pool = rng.uniform(-2, 2, (200, 2))
truth = np.array([2.0, 3.0])
labels = rng.random(200) < 1 / (1 + np.exp(-pool @ truth))

belief, asked, story = prior, [], []
for _ in range(5):
    gain = unsure_and_gain(belief, pool)[1]
    story.append((belief, gain, list(asked)))
    free = np.setdiff1d(np.arange(len(pool)), asked)
    best = free[gain[free].argmax()]
    asked.append(best)
    belief = learn(belief, pool[best], labels[best])

print("entropy of the belief after 0 to 4 labels:", [round(entropy(b), 2) for b, *_ in story])

# %% tags=["hide-input"]
figure, axes = plt.subplots(2, 5, figsize=(11, 4.9), layout="constrained")
for i, (held, gain, before) in enumerate(story):
    above, below = axes[:, i]
    above.set_facecolor("white")
    dots = above.scatter(*pool.T, c=gain, s=14, cmap="Greys", vmin=0, vmax=story[0][1].max())
    for k, marker in ((0, "s"), (1, "o")):
        told = [row for row in before if labels[row] == k]
        above.scatter(*pool[told].T, s=60, c=f"C{k}", marker=marker)
    above.scatter(*pool[asked[i]], s=130, facecolors="none", edgecolors="C2", linewidths=2)
    above.set_title(f"{i} label{'s' * (i != 1)}", fontsize=10)
    below.imshow(held.reshape(61, 61), origin="lower", extent=(-6.1, 6.1, -6.1, 6.1), cmap="Greys", vmin=0)
    below.plot(*truth, "x", color="C1", markersize=8, markeredgewidth=2)
    below.set_title(f"entropy {entropy(held):.2f}", fontsize=10)
    for ax in (above, below):
        ax.set(xticks=[], yticks=[], aspect="equal")
axes[0, 0].set_ylabel("the pool")
axes[1, 0].set_ylabel("the two weights")
figure.colorbar(dots, ax=axes[0], label="gain in nats", shrink=0.9)
plt.show()

# %% [markdown]
# Every label cuts away a part of the weights that does not fit, and the next question, ringed in green, is put where
# what is left disagrees most. The first two lie far out, at right angles to each other as seen from the middle.
#
# **Question.** Where does *entropy* put its questions, and where are the two rankings most at odds?

# %%
unsure, gain = unsure_and_gain(prior, pool)
radius = np.linalg.norm(pool, axis=1)
print(
    f"before the first label, entropy is {unsure.min():.4f} to {unsure.max():.4f} nats: the same all over the pool"
)
print(
    f"but the gain goes from {gain.min():.4f}, at distance {radius[gain.argmin()]:.2f} of the origin,",
    end=" ",
)
print(f"to {gain.max():.4f}, at distance {radius[gain.argmax()]:.2f}")
assert np.ptp(unsure) < 1e-6
assert gain.argmin() == radius.argmin()
assert gain.argmax() == radius.argmax()

# %% [markdown]
# Near the origin each of the models says one half: whatever the weights, the label there is a throw of a coin. Far out
# each model is sure, and half of them say 0 and half say 1. Entropy is one bit in both places and does not see the
# difference. This is the two fair coins and the two one-sided coins again.
#
# Does it matter? Twenty true models, drawn from the prior, with a pool each; fifteen labels by each way of asking.


# %%
def run(ask, seed, n=15):
    """Return the entropy of the belief after 0 to n labels."""
    rng = np.random.default_rng(seed)
    pool, truth = rng.uniform(-2, 2, (200, 2)), models[rng.choice(len(models), p=prior)]
    labels = rng.random(200) < 1 / (1 + np.exp(-pool @ truth))
    belief, free, path = prior, np.arange(200), [entropy(prior)]
    for _ in range(n):
        unsure, gain = unsure_and_gain(belief, pool[free])
        best = {
            "random": rng.integers(len(free)),
            "entropy": unsure.argmax(),
            "information gain": gain.argmax(),
        }[ask]
        belief = learn(belief, pool[free[best]], labels[free[best]])
        free = np.delete(free, best)
        path.append(entropy(belief))
    return path


paths = {
    ask: np.array([run(ask, seed) for seed in range(20)]) for ask in ("random", "entropy", "information gain")
}
for ask, path in paths.items():
    print(
        f"{ask:17} entropy of the belief after 15 labels: {al.statistics.bootstrap_mean(path[:, -1]):.2f} nats"
    )

by_gain = paths["information gain"][:, -1]
assert by_gain.mean() < min(paths["random"][:, -1].mean(), paths["entropy"][:, -1].mean()) - 0.2

# %% tags=["hide-input"]
figure, ax = plt.subplots(figsize=(6.4, 3.6))
for (ask, path), style in zip(paths.items(), (":", "--", "-"), strict=True):
    ax.plot(path.mean(axis=0), style, label=ask, linewidth=2)
ax.set(xlabel="labels", ylabel="what is not known, in nats")
ax.set_title("Means over 20 true models", fontsize=10)
ax.legend(frameon=False)
figure.tight_layout()
plt.show()

# %% [markdown]
# Asking by information gain learns faster, as it should: it is the one score made for this. How many labels do the
# others need to know what it knows after five?

# %%
known = paths["information gain"].mean(axis=0)[5]
for ask, path in paths.items():
    reached = np.flatnonzero(path.mean(axis=0) <= known)
    print(f"{ask:17} {f'{reached[0]} labels' if len(reached) else 'more than 15 labels'}")

# %% [markdown]
# ## And a network?
#
# A network has thousands of weights, and nobody can keep a table of all their values. Thinned networks stand in for the
# table: a hundred samples in place of 3721 models with a probability each. The right side of the formula needs no more
# than their predictions. Here is a pool of moons, coloured by what the library makes of it after a dozen labels.

# %%
x, y = nn.toys.moons(400, noise=0.15, seed=0)
first = np.arange(12)
network = nn.Classifier(
    [nn.Dense(64), nn.ReLU(), nn.Dropout(0.3), nn.Dense(2)], steps=300, batch_size=12, optimizer=nn.Adam(1e-2)
)
network.fit(x[first], y[first])
s = network.sample_proba(x, n_samples=100, seed=0)
scores = {"entropy": al.measures.entropy(s.mean(axis=0)), "information gain (BALD)": al.measures.bald(s)}

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
for ax, (name, score) in zip(axes, scores.items(), strict=True):
    ax.set_facecolor("white")
    dots = ax.scatter(*x.T, c=score, s=16, cmap="Greys", vmin=0, edgecolors="0.75", linewidths=0.3)
    for k, marker in enumerate("os"):
        ax.scatter(*x[first][y[first] == k].T, s=45, c=f"C{k}", marker=marker)
    ax.scatter(*x[score.argmax()], s=150, facecolors="none", edgecolors="C2", linewidths=2)
    ax.set(xticks=[], yticks=[], aspect="equal")
    ax.set_title(f"{name}; ringed: the largest", fontsize=10)
    figure.colorbar(dots, ax=ax, label="nats", shrink=0.8)
plt.show()

# %% [markdown]
# Both are dark where the dozen labels leave it open, and here they agree on much. The gain is smaller everywhere, for
# it leaves out what no label can settle:

# %%
entropy_of_pool, gain_of_pool = scores.values()
print(
    f"of {entropy_of_pool.mean():.3f} nats of doubt on average, {gain_of_pool.mean():.3f} can be settled by labels"
)
assert (gain_of_pool <= entropy_of_pool + 1e-6).all()

# %% [markdown]
# ## What you now know
#
# - Surprise is −ln p, and [entropy](../derivations/entropy.md) is the surprise to expect.
# - Information gain is the entropy that an answer takes away, on average. It is the same from both sides,
#   $I(y; \omega) = I(\omega; y)$, and so it can be computed from predictions alone: [BALD](../derivations/bald.md).
# - Entropy cannot tell a coin from a question: two fair coins and two one-sided ones look alike to it.
# - Margin, least confidence and entropy are three shapes on a triangle, and they disagree about who is in more doubt.
#
# Now we have scores. The next tutorial puts one into a loop: ask, label, train, and again.
