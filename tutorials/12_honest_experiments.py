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
# # Honest experiments
#
# Give random labelling two names, run it twice, and the one will beat the other: with a lucky seed, with the right
# measure, or because you tried often enough. This tutorial shows how, and then how not to be fooled: pairs, intervals,
# a test that assumes nothing, and a correction for having looked more than once.
#
# The last tutorial ended with a table of five strategies over five seeds. When may one say that A is better than B?

# %%
import itertools
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

import tinyal as al
import tinynn as nn

_ = threadpool_limits(1)

# %% [markdown]
# ## An experiment with a known answer
#
# Four strategies on the carried digits. Two of them are the same: **random**, and **random too**, which draws other
# rows. Whatever seems to be between these two is luck, by construction. A plain function is a strategy:


# %%
def random_too(view, n, rng):
    """Choose at random, but not what Random would have chosen."""
    return rng.permutation(view.candidates)[:n]


data = nn.datasets.load("digits")
x, y = np.concatenate([data.x_train, data.x_test]), np.concatenate([data.y_train, data.y_test])
model = nn.Classifier(
    [nn.Dense(64), nn.ReLU(), nn.Dropout(0.5), nn.Dense(10)],
    steps=120,
    batch_size=32,
    optimizer=nn.Adam(5e-3),
    classes=range(10),
)
result = al.compare(
    {
        "random": al.strategies.Random(),
        "random too": random_too,
        "margin": al.strategies.Margin(),
        "entropy": al.strategies.Entropy(),
    },
    model=model,
    data=(x, y),
    preparation=al.Preparation(test=0.15),  # every seed splits off a test set of its own
    initial=20,
    budget=160,
    batch=20,
    seeds=range(12),
)
seeds = [run.seed for run in result.of("random")]
labels = result.of("random")[0].labels
curves = {name: np.array([run.accuracy for run in result.of(name)]) for name in result.strategies}
print(f"{len(result.runs)} runs, evaluated at {labels} labels")

# %% [markdown]
# ## A lucky seed
#
# **Question.** If you may do one run of each, and choose the seed afterwards: can you show that random too is much
# better than random?

# %%
areas = {
    name: np.array([al.statistics.area_under_curve(labels, curve) for curve in curves[name]])
    for name in curves
}  # the mean accuracy on the way, one number for each run
difference = areas["random too"] - areas["random"]
lucky, unlucky = difference.argmax(), difference.argmin()
for what, seed in (("the seed for our paper", lucky), ("the seed for their paper", unlucky)):
    print(f"{what:25} {seed:2}: random too minus random {difference[seed]:+.1%}")
assert difference[lucky] > 0 > difference[unlucky]

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 3, figsize=(11, 3.4), sharey=True, layout="constrained")
for ax, seed, title in zip(axes, (lucky, unlucky), ("A lucky seed", "An unlucky one"), strict=False):
    for name, style in (("random", "--"), ("random too", "-")):
        ax.plot(labels, curves[name][seed], style, linewidth=2, label=name)
    ax.set_title(title, fontsize=10)
    ax.legend(frameon=False, loc="lower right", fontsize=9)
for i, name in enumerate(("random", "random too")):
    axes[2].plot(labels, curves[name].T, color=f"C{i}", linewidth=0.7, alpha=0.7)
axes[2].set_title("All twelve seeds of both", fontsize=10)
axes[0].set_ylabel("test accuracy")
axes[0].yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
for ax in axes:
    ax.set_xlabel("labels paid for")
plt.show()

# %% [markdown]
# Both of the left pictures are of the same experiment. The right one is the only one that should be shown.
#
# ## Pairs
#
# Why do runs of one strategy differ at all? Each seed has a test set of its own, first labels of its own, and first
# weights. All of that is the same for every strategy: runs of one seed are **paired**. When we subtract within a pair,
# what an easy test set gave to both cancels.
#
# How much that helps is a matter of the data. Here is the spread of the difference between two runs of equal seed, and
# of two runs of different seeds.

# %%
print("standard deviation of the difference to random, at the end")
ends = {name: curve[:, -1] for name, curve in curves.items()}
for name in ("random too", "margin", "entropy"):
    paired = np.std(ends[name] - ends["random"])
    apart = np.std(
        [
            a - b
            for (i, a), (j, b) in itertools.product(enumerate(ends[name]), enumerate(ends["random"]))
            if i != j
        ]
    )
    print(f"{name:11} equal seeds {paired:.2%}, different seeds {apart:.2%}")

# %% tags=["hide-input"]
figure, ax = plt.subplots(figsize=(6.8, 3.4))
for i, name in enumerate(("random too", "margin", "entropy")):
    ax.plot(
        areas[name] - areas["random"],
        np.full(12, -i) + np.linspace(-0.18, 0.18, 12),
        "o",
        color=f"C{i}",
        markersize=4,
    )
    interval = al.statistics.bootstrap_mean(areas[name] - areas["random"])
    ax.plot([interval.low, interval.high], [-i - 0.33] * 2, color=f"C{i}", linewidth=3)
    ax.plot(interval.mean, -i - 0.33, "|", color=f"C{i}", markersize=12, markeredgewidth=3)
ax.axvline(0, color="0.5", linewidth=1)
ax.set_yticks([0, -1, -2], ["random too", "margin", "entropy"])
ax.xaxis.set_major_formatter(lambda value, _: f"{100 * value:+.0f}" if value else "0")
ax.set_xlabel("mean accuracy on the way, minus random's with the same seed, in percentage points")
ax.set_title("Dots: seeds. Bars: the mean with its 95 % interval", fontsize=10)
figure.tight_layout()
plt.show()

# %% [markdown]
# Where two strategies do much the same, their runs share their luck, and pairs help a lot. Where they do quite
# different things, pairs help less; they never cost anything.
#
# ## An interval
#
# Twelve differences have a mean. Another twelve seeds would have had another. How far off? We have no other seeds, but
# we can draw twelve from those we have, with replacement, many times, and look how the mean varies: the **bootstrap**.

# %%
d = areas["margin"] - areas["random"]
rng = np.random.default_rng(0)
means = rng.choice(d, (5000, len(d))).mean(axis=1)
low, high = np.percentile(means, [2.5, 97.5])
print(f"by hand:     {d.mean():.2%} [{low:.2%}, {high:.2%}]")
print(f"the library: {al.statistics.bootstrap_mean(d):.2%}")

# %% [markdown]
# The interval is about the **mean** over seeds. It does not say where the next run will be, and you will do only one.
#
# ## A test that assumes nothing
#
# Suppose that margin were no better than random. Then each difference could as well have had the other sign: it was a
# coin that decided which of the two runs got which name. There are $2^{12}$ ways to throw twelve coins. In how many of
# them is the mean at least as far from zero as ours?

# %%
signs = np.array(list(itertools.product([1, -1], repeat=len(d))))
as_extreme = np.abs((signs * d).mean(axis=1)) >= abs(d.mean()) - 1e-12  # the last digits are rounding
print(f"{len(signs)} patterns of signs, {as_extreme.sum()} as extreme as ours: p = {as_extreme.mean():.4f}")
assert np.isclose(as_extreme.mean(), al.statistics.permutation_test(areas["margin"], areas["random"]))

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), sharex=True, layout="constrained")
for ax, name in zip(axes, ("random too", "margin"), strict=True):
    of = areas[name] - areas["random"]
    ax.hist(100 * (signs * of).mean(axis=1), bins=40, color="C0", alpha=0.6)
    ax.axvline(100 * of.mean(), color="C1", linewidth=2)
    ax.set(xlabel="mean difference in percentage points", yticks=[])
    ax.set_title(f"{name} − random: ours (orange) among all signs", fontsize=10)
plt.show()

# %% [markdown]
# This is Fisher's **permutation test**. On the left, our difference stands among what luck makes of it; on the right,
# at the very end.
#
# The smallest p there can be comes when all differences have the same sign: then two patterns of $2^n$ are as extreme.
#
# **Question.** With five seeds, can anything be significant at 5 %?

# %%
for n in (3, 5, 6, 8, 12):
    print(f"{n:2} seeds: p is never below {al.statistics.smallest_p(n):.4f}")
assert al.statistics.smallest_p(5) > 0.05 > al.statistics.smallest_p(6)

# %% [markdown]
# No. It is known before the first run what an experiment can show.
#
# ## Look often enough, and you will find something
#
# Now the trap that catches the careful. A thousand groups each invent ten new strategies. All of them are random under
# another name. Each group does ten paired seeds and a proper test for each of the ten, and writes a paper if one
# comes out with p ≤ 0.05.
#
# We need not train all these networks. What luck does to a pair we have measured, in random against random; we draw
# from that spread.

# %%
spread = np.std(areas["random too"] - areas["random"])
null = np.random.default_rng(0).normal(
    0, spread, (1000, 10, 10)
)  # groups, strategies, seeds: there is nothing to find
signs = np.array(list(itertools.product([1, -1], repeat=10)))
extreme = np.abs(null @ signs.T) >= np.abs(null.sum(axis=-1, keepdims=True)) * (1 - 1e-9)
p_values = extreme.mean(axis=-1)

papers = np.mean(p_values.min(axis=1) <= 0.05)
corrected = np.array([al.statistics.holm(group.tolist()) for group in p_values])
after = np.mean(corrected.min(axis=1) <= 0.05)
print(f"of single tests, p ≤ 0.05:                {np.mean(p_values <= 0.05):.1%}")
print(f"groups with at least one:                 {papers:.0%}")
print(f"groups with at least one after correction: {after:.1%}")
assert np.mean(p_values <= 0.05) < 0.06
assert papers > 0.33
assert 0 < after < 0.08
assert al.statistics.seeds_needed(10) == 9

# %% [markdown]
# Each single test keeps its promise: one false alarm in twenty. But a group looks ten times, and more than a third of
# them have a discovery.
#
# **Holm's correction** repairs that. Sort the p of *all tests that were looked at*; the smallest is multiplied by ten,
# the next by nine, and so on. Then the chance of even one false alarm in the whole group is at most 5 %. With ten times
# the smallest p, it takes more seeds until anything can be found: `al.statistics.seeds_needed(10)` says nine. The
# library corrects whenever it compares several things:

# %%
print("                      area under the curve       accuracy at the end")
print("                       p       after Holm         p       after Holm")
area, final = (result.against("random", measure) for measure in ("area", "final_accuracy"))
for name in area:
    (a, a_holm), (f, f_holm) = area[name], final[name]
    print(f"{name:16} {a.p:10.4f} {a_holm:14.4f} {f.p:12.4f} {f_holm:14.4f}")
assert area["margin"][1] <= 0.05
assert all(corrected >= test.p for test, corrected in area.values())

# %% [markdown]
# Two measures in one table are two looks, too. Decide for one **before** you run.
#
# ## When is a target reached?
#
# What is paid for is labels: how many to reach an accuracy? A curve goes up and down on its way, so there are two
# answers. The **first** time it touches the target, which may be an outlier; and the **last** time it crosses, from
# where on it never falls below again.

# %%
target = result.target("random")
print(f"the target: what random reaches on average at the end, rounded down: {target:.0%}\n")
print("labels to reach it        first time                         for good")
for name in result.strategies:
    once, for_good = (result.labels_to(name, target, crossing) for crossing in ("first", "last"))
    print(f"{name:16}  {once!s:36}  {for_good}")

gap = {
    (name, i): np.subtract(*(result.labels_to(name, target, c).per_run[i] for c in ("last", "first")))
    for name in result.strategies
    for i in range(12)
}
assert min(gap.values()) >= 0

# %% tags=["hide-input"]
name, i = max(gap, key=gap.get)
curve = curves[name][i]
figure, ax = plt.subplots(figsize=(6.4, 3.6))
ax.plot(labels, curve, "-o", color="C0")
ax.axhline(target, color="0.5", linewidth=1)
for crossing, color, marker in (("first", "C1", "s"), ("last", "C2", "D")):
    at = al.statistics.labels_to_reach(labels, curve, target, crossing)
    if at is not None:
        ax.plot(
            at,
            curve[labels.index(at)],
            marker,
            color=color,
            markersize=10,
            label=f"{crossing} crossing: {at} labels",
        )
ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
ax.set(xlabel="labels paid for", ylabel="test accuracy")
ax.set_title(
    f"The run in which they lie farthest apart: {name}, seed {seeds[i]}; grey: the target", fontsize=10
)
ax.legend(frameon=False, loc="lower right")
figure.tight_layout()
plt.show()

# %% [markdown]
# A run that never gets there counts with its whole budget, and the mean is then a lower bound, marked with ≥. To leave
# such runs out would reward a strategy for its failures. (Where fewer than half arrive, there is no mean.) And where a
# curve has not settled above the target by the end of the budget, it has not reached it for good.
#
# ## Say it in a sentence
#
# All of this, target, pairs, interval, test, correction, and what did not arrive, goes into one sentence for each
# strategy. Read what it says about random too, and about entropy.

# %%
sentences = result.sentences("random", target)
for sentence in sentences:
    print("-", sentence)
assert sentences[0].startswith("No difference shown between random too and random")

# %% [markdown]
# "No difference shown" is not "no difference": it is what an honest experiment says when it cannot tell. And everyone
# against everyone:

# %%
standings = result.matrix("area")
print(standings)
assert standings.outcomes["random", "random too"] == "tie"

# %% [markdown]
# A whole comparison fits into one file that needs no network and no script: curves, tables, sentences, the questions
# asked, and the settings. This one goes into a temporary folder; give it a better place.

# %%
with tempfile.TemporaryDirectory() as folder:
    report = al.report.write(result, Path(folder) / "report.html", data=(x, y))
    print(f"{report.name}: {report.stat().st_size // 1024} kB")

# %% [markdown]
# ## What you now know
#
# - One seed shows anything. Show all of them.
# - Subtract within pairs of equal seeds; the interval of the mean difference says what these seeds know, and it is not
#   about the next run.
# - The permutation test asks how often luck alone would do as well. How small p can get is known before: at least six
#   seeds for one comparison, more for several.
# - Every look counts: correct by Holm over all tests that were looked at, and fix measure and target in advance.
# - First crossings flatter; runs that do not arrive belong into the mean.
# - Run random against random now and then. If your method finds a winner there, mend the method.
#
# This was the last tutorial. You have gone from one neuron to asking for labels and knowing whether it paid. With your
# own data, `tinyal compare` runs such experiments from the command line, and goes on where it was interrupted.
