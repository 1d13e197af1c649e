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
# # Label your own data
#
# So far somebody knew all the answers. Now nobody does, except you, one at a time. What changes? You make mistakes and
# take them back. Some images nobody can read. There is no test set, so nobody tells you how good the model is. And you
# want to stop as early as you can. This tutorial goes through all of that in code. `tinyal label` does the same with a
# page in the browser, and at the end we look at what it keeps.
#
# The "person" here is a function that looks up the true label, so that this page can run by itself. In its place stands
# what you see and say.

# %%
import csv
import io

import numpy as np
from threadpoolctl import threadpool_limits

import tinyal as al
import tinynn as nn

_ = threadpool_limits(1)
data = nn.datasets.load("digits")
pool, truth = data.x_train, data.y_train  # the truth is for the person below, and for nobody else


def person(index):
    """Answer as somebody at the keyboard would: mostly right, once in a while not at all."""
    if index % 97 == 0:
        return None  # smudged: nobody can tell
    return int(truth[index])


# %% [markdown]
# ## Who is asked for first
#
# Without labels there is no model, and no doubt to go by. Strategies that look only at the rows can begin: `TypiClust`
# asks for the most typical image of each heap. Once there are 30 labels, `Margin` takes over, where two classes are
# nearly tied. `Schedule` is the switch.

# %%
model = nn.Classifier(
    [nn.Dense(64), nn.ReLU(), nn.Dropout(0.3), nn.Dense(10)],
    steps=200,
    batch_size=32,
    optimizer=nn.Adam(5e-3),
    classes=range(10),
)
strategy = al.strategies.Schedule({0: al.strategies.TypiClust("x"), 30: al.strategies.Margin()})
learner = al.ActiveLearner(model, pool, strategy, seed=0)

# %% [markdown]
# ## How good is it? Ask at random, too
#
# The images that margin asks for are the hard ones. To count how many of *these* the model gets right says nothing
# about the others. `RandomSlice` sets some rows aside, drawn at random, and mixes them into the questions. What the
# model says of such a row *before* it has your answer is an honest guess, and the share of right guesses estimates its
# accuracy on the whole pool, with an interval. (Your answers train the model, too. They are not lost.)

# %%
questions = al.RandomSlice(learner, share=0.2, rows=60)
history = []
for _ in range(15):
    for index in questions.ask(10):
        answer = person(index)
        if answer is None:
            learner.skip([index])
        else:
            learner.tell([index], [answer])
    history.append((len(learner.labeled), questions.accuracy()))
for labels, estimate in history[4::5]:
    print(f"{labels:3} labels: accuracy estimated {estimate}")
print(f"in truth, on other images:    {learner.model.score(data.x_test, data.y_test):.3f}")

# %% [markdown]
# ## Mistakes
#
# A key is pressed too fast. `tell` refuses a second label for the same row unless you say that you mean it, since two
# labels are more often a bug than a correction.

# %%
row = int(learner.labeled[0])
try:
    learner.tell([row], [(int(truth[row]) + 1) % 10])
except ValueError as error:
    print(error)
learner.tell([row], [int(truth[row])], correct=True)

# %% [markdown]
# And if it was pressed long ago? A model that has learned from all labels doubts those that do not fit the others. Let
# us plant six wrong ones and see where they come in the list of the labels that the model finds least probable, each
# judged by models that did not learn from it.

# %%
rows, labels = learner.labeled.copy(), learner.labels.copy()
wrong = np.random.default_rng(0).choice(len(rows), 6, replace=False)
labels[wrong] = (labels[wrong] + 3) % 10
parts = np.random.default_rng(1).permutation(len(rows)) % 5
belief = np.empty(len(rows))
for part in range(5):
    others = nn.Classifier(**model.get_params()).fit(pool[rows[parts != part]], labels[parts != part])
    p = others.predict_proba(pool[rows[parts == part]])
    belief[parts == part] = p[np.arange(len(p)), labels[parts == part]]
place = np.argsort(np.argsort(belief))[wrong]
print(
    f"places of the six wrong labels among {len(rows)}, the least believed first: {sorted((place + 1).tolist())}"
)
assert np.median(place) < len(rows) / 5

# %% [markdown]
# ## Take it home
#
# Labels are a table. Whoever gets it wants to know which are yours and which are the model's.

# %%
unlabeled = learner.unlabeled
p = learner.model.predict_proba(pool[unlabeled])
table = io.StringIO()
writer = csv.writer(table)
writer.writerow(["image", "label", "from", "confidence"])
writer.writerows(
    [int(i), int(label), "person", ""] for i, label in zip(learner.labeled, learner.labels, strict=True)
)
writer.writerows(
    [int(i), int(q.argmax()), "model", f"{q.max():.3f}"] for i, q in zip(unlabeled, p, strict=True)
)
lines = table.getvalue().splitlines()
print("\n".join([*lines[:3], "...", *lines[-2:]]))
right = p.argmax(axis=1) == truth[unlabeled]
for least in (0, 0.9, 0.99):
    sure = p.max(axis=1) >= least
    print(
        f"of the {sure.sum():4} that the model labels with {least:.0%} or more, {right[sure].mean():.1%} are right"
    )

# %% [markdown]
# `learner.save` and `ActiveLearner.load` keep everything between two evenings, and the next question after loading is
# the one that would have come.
#
# ## With a page
#
# ```console
# $ tinyal label photos --classes cat,dog
# ```
#
# does all this in the browser: typical images first, then doubtful ones, one in ten at random for the estimate; undo,
# skip, "cannot tell"; doubtful labels for review at the end. The model trains in a process of its own while you go on
# answering.
#
# Each answer is a line in a journal on the disk, in which nothing is ever changed: to take an answer back is another
# line. So no crash can lose or double one, and the history of every label can be read later.
#
# ## What to remember
#
# - First typical rows, then doubtful ones, and some at random to know where you stand.
# - Accuracy on the rows that were asked for is not accuracy.
# - Plan for mistakes: corrections, skips, and a second look at what the model does not believe.
