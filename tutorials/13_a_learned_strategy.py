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
# # A strategy that was learned
#
# Margin, entropy, information gain: each is somebody's idea of what makes a label worth its price. Could one not *look*
# what labels were worth, in tasks whose answers are known, and learn the rule from that? One can. This tutorial
# measures what labels bring, describes each candidate in numbers, trains a network to foretell the one from the other,
# and asks it whom to ask. The idea is that of Konyushkova, Sznitman and Fua (2017, "Learning active learning from
# data").

# %%
import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

import tinyal as al
from tinyal.strategies.learned import FEATURES, LearnedStrategy, mixture, play

_ = threadpool_limits(1)

# %% [markdown]
# ## What is a label worth?
#
# That is easy to measure, if all answers are known. Train on some labels, count the mistakes on a test set. Add a
# label, train again, count again. The difference is what the label brought. Let us do it for twenty single rows of a
# task, and then for twenty groups of ten.

# %%
episode = mixture(np.random.default_rng(4))  # a task drawn at random: classes that are mixtures of Gaussians
order = np.random.default_rng(0).permutation(len(episode.x))
labeled, others = order[:60], order[60:]


def mistakes(rows, seed):
    """Return the share of test rows that a model trained on these rows takes for another class."""
    model = episode.model.set_params(seed=seed).fit(episode.x[rows], episode.y[rows])
    return np.mean(model.predict(episode.x_test) != episode.y_test)


def gains(group):
    """Return by how much the labels of twenty groups of rows bring down the mistakes, in percent."""
    before = mistakes(labeled, 0)
    groups = others[: 20 * group].reshape(20, group)
    return [100 * (before - mistakes(np.concatenate([labeled, rows]), 0)) for rows in groups]


by_chance = 100 * np.std([mistakes(labeled, seed) for seed in range(10)])
of_one, of_ten = gains(1), gains(10)
print(f"the same labels, another seed: mistakes differ by {by_chance:.2f} % (standard deviation)")
print(f"one label more brings          {np.mean(of_one):5.2f} % on average, ± {np.std(of_one):.2f}")
print(f"ten labels more bring          {np.mean(of_ten):5.2f} % on average, ± {np.std(of_ten):.2f}")

# %% [markdown]
# One label moves the mistakes by less than another seed does. Ten move them more, and still not by more than the seed.
# Whoever learns from such numbers learns from noise for the most part, and has to look at thousands of them. So we let
# *groups* be labelled, train both sides with the same seeds, and suppose that the gain of a group is the mean of what
# its rows are worth, $\frac{1}{b}\sum_i f(x_i)$. The unknown is $f$: it can be learned from groups, and asked for
# single rows.
#
# (That gains add up is a simplification, and a known one: the tutorial on batches shows what is lost by it.)
#
# ## What is known of a candidate
#
# The network must not see rows. It is to work for digits after having seen Gaussians. It sees what any strategy could
# see, in numbers without a unit: what the model says, where the row lies among the others, how far the labelling has
# come.

# %%
model = episode.model.fit(episode.x[labeled], episode.y[labeled])
view = al.PoolView(model, episode.x, np.sort(others), labeled, episode.y[labeled], model.classes_)
seen = al.strategies.learned.State.of(view, n_samples=10).features(view)
sure, unsure = seen[:, 3].argmax(), seen[:, 3].argmin()
print(f"{'':22}{'a sure row':>12}{'an unsure one':>15}")
for name, a, b in zip(FEATURES, seen[sure], seen[unsure], strict=True):
    print(f"{name:22}{a:12.2f}{b:15.2f}")

# %% [markdown]
# "Isolation" is how far the nearest other rows are, "novelty" how far the nearest label is, both as logarithms of a
# ratio: 0 is usual, 1 is e times as far. The last five are the same for all rows of a round. They let the network learn
# that another rule is right in the beginning than later.
#
# ## Lessons
#
# `play` goes through episodes: a task at random, a few labels at random, twenty groups, a training for each. Groups are
# drawn to be different from each other: one prefers rows with a large margin, the next those that are far from all
# labels. Of the gains of a round their mean is subtracted: a strategy decides *which* rows are labelled, not whether.

# %%
lessons = play([mixture], rounds=12, repeats=1, seed=1, progress=False)
print(
    f"{len(lessons.gains)} groups of {lessons.groups.shape[1]} rows, {lessons.groups.shape[2]} numbers for each"
)
means = lessons.groups.mean(axis=1)
varying = [i for i in range(len(FEATURES)) if np.ptp(means[:, i] - means[:, i].mean()) > 0][:13]
for i in varying:
    within = means[:, i] - np.array([means[lessons.rounds == r, i].mean() for r in lessons.rounds])
    print(f"{FEATURES[i]:22} correlation with the gain {np.corrcoef(within, lessons.gains)[0, 1]:6.2f}")

# %% [markdown]
# Twelve rounds are few, and the numbers are rough. The package carries a network that has played hundreds of rounds
# (`python -m tinyal.strategies.learned` repeats it), two of three with mixtures, the others with the small digits. What
# did it learn? We ask it about candidates that differ in one thing only.

# %%
carried = al.strategies.learned.strategy.carried()
typical = np.median(lessons.groups.reshape(-1, len(FEATURES)), axis=0)
# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 3, figsize=(9.5, 3), layout="constrained", sharey=True)
ranges = {"rank by margin": (0, 1), "disagreement": (0, 0.5), "novelty": (-1, 2)}
for ax, (name, (low, high)) in zip(axes, ranges.items(), strict=True):
    values = np.linspace(low, high, 50)
    for labels, color in ((np.log(2), "C1"), (np.log(10), "C2"), (np.log(50), "C0")):
        rows = np.tile(typical, (50, 1))
        rows[:, FEATURES.index(name)], rows[:, FEATURES.index("labels")] = values, labels
        ax.plot(values, carried.predict(rows), color=color, label=f"{np.exp(labels):.0f} labels a class")
    ax.set_xlabel(name)
axes[0].set_ylabel("predicted gain")
axes[0].legend(fontsize=8)
plt.show()

# %% [markdown]
# Read these curves with care: in real rounds the numbers change together, and a row with a small margin that the model
# is very sure of does not exist.
#
# ## Does it help?
#
# A fair trial needs a task that it never saw. The small digits are none: the network learned from them. A mixture that
# was drawn for this page alone is one, though of the kind that it knows. The results on MNIST, on a page of their own,
# are the hard trial: what was learned from Gaussians and small digits has to carry over to other images.

# %%
trial = mixture(np.random.default_rng(1_000_007))
result = al.compare(
    {"random": al.strategies.Random(), "margin": al.strategies.Margin(), "learned": LearnedStrategy()},
    model=trial.model.set_params(seed=0),
    data=(trial.x, trial.y, trial.x_test, trial.y_test),
    initial=20,
    budget=100,
    batch=10,
    seeds=range(6),
)
for name in result.strategies:
    area, end = result.area(name), result.final_accuracy(name)
    print(f"{name:8} mean accuracy over the curve {area.mean:.3f}, at the end {end.mean:.3f}")
for sentence in result.sentences("random"):
    print(sentence)

# %% [markdown]
# ## What to remember
#
# - What a label is worth can be measured where answers are known, and it is a small number in much noise: group labels,
#   repeat trainings, subtract what all have in common.
# - A learned rule is as good as its lessons are like your task. It knows nothing else.
# - It must be judged on data that neither it nor its makers have tuned on. Ours is, on the results page, wins and
#   losses alike.
