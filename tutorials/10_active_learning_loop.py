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
# # The active-learning loop
#
# Pictures are cheap and labels are not: somebody has to look at each picture and say what it is. Active learning lets
# the model choose the pictures that person looks at next. We write the loop in twenty lines, watch a border find its
# place, read handwriting with it, and then let the library do the same.
#
# The last tutorials gave us scores that say how much a row is worth a label. The loop around them has three steps:
#
# 1. **ask**: pick the rows with the best scores,
# 2. **label**: somebody answers,
# 3. **train** on all labels so far, and score again.

# %%
import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

import tinyal as al
import tinynn as nn

# Matrices this small gain nothing from more threads, and several threads would round their sums differently.
_ = threadpool_limits(1)

# %% [markdown]
# ## The loop, by hand
#
# The rows that may be asked for are the **pool**. We may look at all of them, and pretend not to know their labels: `y`
# is touched only where somebody has been asked. `test` is for measuring, and nothing is ever chosen by it.


# %%
def loop(model, x, y, test, score, *, first, batch, budget, seed):
    """Spend a budget of labels; return how many had been paid for, the accuracy then, and which rows they were."""
    rng = np.random.default_rng(seed)
    asked = rng.choice(len(x), first, replace=False)  # it knows nothing yet, so the first question is chance
    labels, accuracy = [], []
    while True:
        model.fit(x[asked], y[asked])
        labels.append(len(asked))
        accuracy.append(model.score(*test))
        if len(asked) >= budget:
            return labels, accuracy, asked
        wanted = score(model, x, rng)
        wanted[asked] = -np.inf  # never the same row twice
        asked = np.concatenate([asked, np.argsort(-wanted)[:batch]])


def by_chance(model, x, rng):
    return rng.random(len(x))


def by_margin(model, x, rng):
    best_two = np.sort(model.predict_proba(x), axis=1)[:, -2:]
    return best_two[:, 0] - best_two[:, 1]  # minus the lead of the first class over the second


# %% [markdown]
# That is all of it. Every `fit` starts from a fresh network, so that it depends on the labels alone and not on the
# order in which they came.
#
# ## A border finds its place
#
# First on data that can be drawn: the two moons, 400 points, and no more than 42 labels. To see it work, we draw the
# network of every third round.

# %%
x, y = nn.toys.moons(400, noise=0.12, seed=0)
test = nn.toys.moons(2000, noise=0.12, seed=1)
network = nn.Classifier(
    [nn.Dense(64), nn.ReLU(), nn.Dense(64), nn.ReLU(), nn.Dense(2)],
    steps=200,
    batch_size=16,
    optimizer=nn.Adam(1e-2),
    classes=[0, 1],
)
sizes = dict(first=6, batch=3, budget=42)
toy = {
    name: loop(network, x, y, test, score, **sizes, seed=0)
    for name, score in (("random", by_chance), ("margin", by_margin))
}
for name, (labels, accuracy, _) in toy.items():
    print(f"{name:7} {accuracy[0]:.0%} with {labels[0]} labels, {accuracy[-1]:.0%} with {labels[-1]}")

# %% [markdown]
# **Question.** Chance on one side, small margins on the other. How will the two sets of labels differ?

# %% tags=["hide-input"]
moments = (6, 15, 24, 33, 42)
figure, axes = plt.subplots(2, len(moments), figsize=(11, 3.5), layout="constrained")
for line, (name, (labels, accuracy, asked)) in zip(axes, toy.items(), strict=True):
    for ax, n in zip(line, moments, strict=True):
        now = network.fit(x[asked[:n]], y[asked[:n]])
        nn.plotting.plot_decision_regions(now, x, y, resolution=80, ax=ax)
        for collection in list(ax.collections):
            collection.remove()  # all points with their labels: more than the learner knows
        ax.get_legend().remove()
        ax.plot(*x.T, ".", color="0.6", markersize=1)
        for k, marker in enumerate("os"):
            told = asked[:n][y[asked[:n]] == k]
            ax.scatter(
                *x[told].T, s=26, c=f"C{k}", marker=marker, edgecolors="white", linewidths=0.7, zorder=3
            )
        ax.set(xticks=[], yticks=[], xlabel="", ylabel="")
        ax.set_title(f"{n} labels: {accuracy[labels.index(n)]:.0%}", fontsize=10, loc="center")
    line[0].set_ylabel(name, fontsize=11)
plt.show()

# %% [markdown]
# Chance labels what is easy as often as what is hard. Margin puts its questions along the border, and each answer moves
# the border where it was wrong: it is searching, as one does for a word in a dictionary. The price is that it looks
# away from where it is sure, and where it is sure *and wrong* it comes late.
#
# How often is that luck? Ten seeds, and each has first points of its own.

# %%
curves = {
    name: np.array([loop(network, x, y, test, score, **sizes, seed=seed)[1] for seed in range(10)])
    for name, score in (("random", by_chance), ("margin", by_margin))
}
for n in (labels[4], labels[-1]):
    at = {name: curve[:, labels.index(n)] for name, curve in curves.items()}
    ahead = np.sum(at["margin"] > at["random"])
    print(
        f"{n} labels: random {at['random'].mean():.1%}, margin {at['margin'].mean():.1%}; margin leads in {ahead} of 10"
    )
assert at["margin"].mean() > at["random"].mean()

# %% [markdown]
# In the end it is ahead; on the way there, one run of margin can well be behind one of chance. So a single run proves
# nothing, and from here on we look at several.
#
# ## Handwriting
#
# The same twenty lines read handwriting. We take 2000 images of MNIST as the pool and 1000 as the test set; where MNIST
# cannot be had, the small digits that travel with the package do as well. One hidden layer, and `classes=` names all
# ten digits: a few random labels may miss some, and the network needs an output for each.

# %%
try:
    data = nn.datasets.load("mnist", progress=False)
except nn.datasets.DatasetError:
    data = nn.datasets.load("digits")
    print("MNIST cannot be had here, so these are the 8 × 8 digits that travel with the package.")
pool, answers = data.x_train[:2000], data.y_train[:2000]
test = (data.x_test[:1000], data.y_test[:1000])
print(f"{data.name}: a pool of {len(pool)} images of {pool.shape[1]} pixels, {len(test[0])} to test on")

model = nn.Classifier(
    [nn.Dense(128), nn.ReLU(), nn.Dropout(0.5), nn.Dense(10)],
    steps=150,
    batch_size=32,
    optimizer=nn.Adam(5e-3),
    classes=range(10),
)

# %%
images = dict(first=20, batch=20, budget=200)
by_hand = {
    name: loop(model, pool, answers, test, score, **images, seed=0)
    for name, score in (("random", by_chance), ("margin", by_margin))
}

# %% tags=["hide-input"]
figure, ax = plt.subplots(figsize=(6.4, 3.6))
for (name, (labels, accuracy, _)), style in zip(by_hand.items(), ("--", "-"), strict=True):
    ax.plot(labels, accuracy, style, marker=".", label=name)
ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
ax.set(xlabel="labels paid for", ylabel="test accuracy", title="One run of each, written by hand")
ax.title.set_fontsize(10)
ax.legend(frameon=False)
figure.tight_layout()
plt.show()

# %% [markdown]
# This is a **learning curve**, the picture by which ways of asking are compared: how high for how many labels. One run
# of each says little. Before we do many, we let the library take over.
#
# ## With the library: ask and tell
#
# Our loop holds the labels in its hands. In real use there is a person, who answers tomorrow, skips what cannot be
# read, and corrects a mistake. So an `ActiveLearner` is not a loop but two doors: `ask` gives row numbers, `tell` takes
# labels, whenever they come.

# %%
learner = al.ActiveLearner(model, pool, strategy=al.strategies.Margin(), seed=0)
first = learner.ask(20)
learner.tell(first, answers[first])
print("labels of the digits 0 to 9:", list(learner.class_counts().values()))
print(f"test accuracy with {len(learner.labeled)} labels: {learner.model.score(*test):.0%}")

# %% [markdown]
# Now it has a model, and can say what it wants to know.

# %%
asked = learner.ask(20)
best_two = np.argsort(learner.model.predict_proba(pool[asked]), axis=1)[:, :-3:-1]

# %% tags=["hide-input"]
figure, axes = plt.subplots(2, 10, figsize=(9.5, 2.9))
for ax, row, (a, b) in zip(axes.flat, asked, best_two, strict=True):
    ax.imshow(pool[row].reshape(data.image_shape), cmap="gray_r")
    ax.set_title(f"{a} or {b}?", fontsize=9)
    ax.set_axis_off()
figure.suptitle("What it asks, the most wanted first, and between which two digits it wavers", fontsize=10)
figure.tight_layout()
plt.show()

# %% [markdown]
# **Question.** How often is its first guess right for these, compared with other images?

# %%
right_asked = np.mean(learner.model.predict(pool[asked]) == answers[asked])
print("the answers:", answers[asked])
print(
    f"right at the first guess: {right_asked:.0%} of what it asks, {learner.model.score(*test):.0%} of the test set"
)
assert right_asked < learner.model.score(*test)

# %% [markdown]
# Less often: it finds its own weak spots. It is told, and asks anew.

# %%
before = learner.model.score(*test)
while len(learner.labeled) < 200:
    learner.tell(asked, answers[asked])
    asked = learner.ask(20)
print(
    f"test accuracy with {len(learner.labeled)} labels: {learner.model.score(*test):.0%}, from {before:.0%} with 20"
)
assert learner.model.score(*test) > before

# %% [markdown]
# Asking twice gives the same rows, and so does a learner that was told the same things in another process or next week.
# Questions depend on the seed and on what was told, and on nothing else.

# %%
again = al.ActiveLearner(model, pool, strategy=al.strategies.Margin(), seed=0)
again.tell(learner.labeled, learner.labels)
assert again.ask(5).tolist() == learner.ask(5).tolist()

# %% [markdown]
# ## A whole run, and many of them
#
# For an experiment nobody has to wait for a person. `al.simulate` does a whole run against an oracle that knows the
# answers, and keeps a record.

# %%
record = al.simulate(
    al.ActiveLearner(model, pool, strategy=al.strategies.Margin(), seed=0),
    al.oracles.ArrayOracle(answers),
    test=test,
    initial=20,
    budget=200,
    batch=20,
)
print("labels:  ", record.labels)
print("accuracy:", [round(a, 2) for a in record.accuracy])
print("the first rows it asked for:", record.queried[1][:5])
assert record.queried[0] == first.tolist()

# %% [markdown]
# `al.compare` does such runs for several strategies and seeds. Runs of one seed are **paired**: they start from the
# same images, and until the first question they have the same model. What these happen to be, good or bad, cancels when
# we subtract one from the other.
#
# - **random**: the yardstick. Who does not beat it pays for nothing.
# - **margin**: as above.
# - **stochastic BALD**: the information gain of tutorial 9, with a batch drawn by it instead of the top twenty. Why
#   drawn, is the subject of the next tutorial.

# %%
result = al.compare(
    {
        "random": al.strategies.Random(),
        "margin": al.strategies.Margin(),
        "stochastic BALD": al.strategies.Stochastic(al.strategies.BALD(n_samples=20)),
    },
    model=model,
    data=(pool, answers, *test),
    initial=20,
    budget=200,
    batch=20,
    seeds=range(6),
)
for name in result.strategies:
    print(f"{name:16} at the end {result.final_accuracy(name):.1%}   on the way {result.area(name):.1%}")

# %% tags=["hide-input"]
looks = {"random": ("0.5", "-"), "margin": ("C0", "-"), "stochastic BALD": ("C2", "-.")}
figure, ax = plt.subplots(figsize=(7, 4.2))
for name, (color, style) in looks.items():
    labels, means = result.curve(name)
    ax.plot(labels, [point.mean for point in means], style, color=color, linewidth=2, label=name)
    ax.fill_between(
        labels, [point.low for point in means], [point.high for point in means], color=color, alpha=0.15
    )
ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
ax.set(xlabel="labels paid for", ylabel="test accuracy")
ax.set_title("Means over six seeds, with 95 % intervals", fontsize=10)
ax.legend(frameon=False)
figure.tight_layout()
plt.show()

# %% [markdown]
# Read it in two ways. Upwards: how much better with the same labels? Sideways: how many labels for the same accuracy?
# The second is what is paid for, and the library says it in a sentence each.

# %%
target = result.target("random")
print(f"what random reaches in the end, rounded down: {target:.0%}\n")
for sentence in result.sentences("random", target):
    print("-", sentence)

gain = result.paired("margin", "random", "final_accuracy").difference
print(f"\nmargin minus random at {labels[-1]} labels, seed by seed: {gain:.1%}")
assert gain.low > 0

# %% [markdown]
# Six seeds are few, and the sentences say so themselves. How to tell gain from luck is tutorial 12.
#
# ## What this does not show
#
# **All labels count.** The first random labels are in the budget, and the curves start at them, not at zero. The test
# labels are not, for here they are the measuring rod. But see how many there are:

# %%
print(f"labels spent by a run: {labels[-1]}; labels in the test set: {len(test[1])}")

# %% [markdown]
# A real project pays for its measuring rod as well. And labels that are used to choose a strategy, a learning rate, or
# the moment to stop are training labels under another name.
#
# **Other data, other order.** These are clean images, each digit about as frequent as the others.
#
# ## What you now know
#
# - Active learning is a loop of twenty lines: train, score the pool, ask for the best, and again.
# - Margin asks along the border, and a border is what a classifier is made of.
# - `ActiveLearner` is the loop with a person in it: `ask` and `tell`. `al.simulate` is a run, and `al.compare` many, in
#   pairs of equal seeds.
# - A learning curve is read upwards in accuracy and sideways in labels.
# - How the first few labels decide what comes after is derived in [few labels](../derivations/few-labels.md).
#
# One thing went by in silence: twenty images were asked for at once, each scored as if it were the only one. What comes
# of that?
