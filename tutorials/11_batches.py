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
# # Why the top ten are ten times the same
#
# A score is computed for one row, as if nothing else were asked for. Take the ten best scores, and you may get the same
# question ten times. We watch this happen, count what the copies are worth, and compare three ways out: luck, counting
# together, and distance.
#
# The loop of the last tutorial asked for twenty images at once. It has to ask for several: training anew for every
# single label takes time, and whoever answers does not want to wait after each.

# %%
import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

import tinyal as al
import tinynn as nn

_ = threadpool_limits(1)
# %% [markdown]
# ## Ten questions in the plane
#
# Two moons, six labels, and the question which ten points to ask for next. Their information gain (BALD) is computed
# once. Then four ways to make ten questions of it.

# %%
x, y = nn.toys.moons(400, noise=0.12, seed=0)
network = nn.Classifier(
    [nn.Dense(64), nn.ReLU(), nn.Dropout(0.3), nn.Dense(2)], steps=300, batch_size=6, optimizer=nn.Adam(1e-2)
)
learner = al.ActiveLearner(network, x, al.strategies.BALD(), seed=0, classes=[0, 1])
first = learner.ask(6)
learner.tell(first, y[first])
view = learner.view()  # one round as a strategy sees it: the pool, the labels so far, what the model says

ways = {
    "BALD, the top ten": al.strategies.BALD(n_samples=100),
    "stochastic BALD": al.strategies.Stochastic(al.strategies.BALD(n_samples=100)),
    "BatchBALD": al.strategies.BatchBALD(n_samples=100),
    "BADGE": al.strategies.BADGE(),
}
questions = {name: way.select(view, 10, np.random.default_rng(0)) for name, way in ways.items()}
gain = al.measures.bald(view.sample_proba(100))


def typical_distance(points):
    """Return the mean distance between two different points of these."""
    pairs = np.triu_indices(len(points), k=1)
    return np.linalg.norm(points[pairs[0]] - points[pairs[1]], axis=1).mean()


for name, chosen in questions.items():
    print(f"{name:18} mean distance between two of its ten questions: {typical_distance(x[chosen]):.2f}")
top_ten = typical_distance(x[questions["BALD, the top ten"]])
assert all(typical_distance(x[chosen]) >= top_ten for chosen in questions.values())

# %% tags=["hide-input"]
figure, axes = plt.subplots(2, 2, figsize=(9, 5), layout="constrained")
for ax, (name, chosen) in zip(axes.flat, questions.items(), strict=True):
    ax.set_facecolor("white")
    dots = ax.scatter(
        *x[view.candidates].T, c=gain, s=14, cmap="Greys", vmin=0, edgecolors="0.75", linewidths=0.3
    )
    for k, marker in enumerate("os"):
        ax.scatter(*x[first][y[first] == k].T, s=30, c=f"C{k}", marker=marker)
    ax.scatter(*x[chosen].T, s=70, facecolors="none", edgecolors="C2", linewidths=1.8)
    ax.set(xticks=[], yticks=[], aspect="equal")
    ax.set_title(name, fontsize=10)
figure.colorbar(dots, ax=axes, label="gain in nats", shrink=0.8)
plt.show()

# %% [markdown]
# Filled in colour: what has a label. Ringed: the ten questions. The top ten crowd together, for neighbours have
# nearly the same score, and where the best is, there are the second and third best.
#
# ## What is a second label worth?
#
# We make it as bad as it gets: a pool in which every image is there ten times, with a little noise, as in the "repeated
# MNIST" of Kirsch, van Amersfoort and Gal (2019). Frames of a film are like that, and crawled pictures, and forms that
# were scanned twice.

# %%
data = nn.datasets.load("digits")
redundant = al.Preparation(pool=150, copies=10, noise=0.03)
drawn = redundant.draw(data.x_train, data.y_train, (data.x_test, data.y_test), seed=0)
pool, answers, original = drawn.x, drawn.y, drawn.rows  # original: of which image each row is a copy
print(f"{len(pool)} images to choose from, copies of {len(np.unique(original))}")

model = nn.Classifier(
    [nn.Dense(128), nn.ReLU(), nn.Dropout(0.5), nn.Dense(10)],
    steps=150,
    batch_size=32,
    optimizer=nn.Adam(5e-3),
    classes=range(10),
)
learner = al.ActiveLearner(model, pool, al.strategies.BALD(), seed=0)
first = learner.ask(20)
learner.tell(first, answers[first])
view = learner.view()
samples = view.sample_proba(50)  # (thinned networks, candidates, classes)
gain = al.measures.bald(samples)

# %% [markdown]
# How much do two labels tell **together**? Exactly the same formula as for one, with pairs of labels in the place of
# labels: each network gives every pair of digits a probability, there are a hundred pairs, and
#
# $$
# I(y_1, y_2; \omega) = H(y_1, y_2) - \mathbb{E}_\omega\, H(y_1, y_2 \mid \omega).
# $$
#
# Once the network is known, the two labels have nothing to do with each other, so the probability of a pair is a
# product.


# %%
def together(positions):
    """Return the information that the labels of these candidates hold together, in nats."""
    joint = np.ones((len(samples), 1))  # (networks, combinations of labels so far)
    for position in positions:
        joint = (joint[:, :, None] * samples[:, position][:, None, :]).reshape(len(samples), -1)
    joint /= joint.sum(axis=1, keepdims=True)  # 32-bit numbers do not sum to one exactly
    return float(al.measures.bald(joint[:, None, :])[0])


best = gain.argmax()
of = original[view.candidates]
copy = next(i for i in np.argsort(-gain) if of[i] == of[best] and i != best)
another = next(i for i in np.argsort(-gain) if of[i] != of[best])
print(f"the best question alone:                      {gain[best]:.3f} nats")
print(f"its copy alone:                               {gain[copy]:.3f}")
print(f"another image alone:                          {gain[another]:.3f}")
assert np.isclose(together([best]), gain[best], atol=1e-4)

# %% [markdown]
# **Question.** Added up, two labels promise twice as much. What do the best and its copy tell together? And the best
# and another image?

# %%
with_copy, with_another = together([best, copy]), together([best, another])
print(f"best and copy:    {gain[best] + gain[copy]:.3f} promised, {with_copy:.3f} together:", end=" ")
print(f"the second label adds {with_copy - gain[best]:.3f}")
print(f"best and another: {gain[best] + gain[another]:.3f} promised, {with_another:.3f} together:", end=" ")
print(f"the second label adds {with_another - gain[best]:.3f}")
assert with_copy - gain[best] < with_another - gain[best] < gain[another]

# %% [markdown]
# The other image tells more, although its own score is lower. And the copy is worth less than it looks even so. The
# formula takes each label for a throw of its own: where networks say "probably a 3", the second copy might turn out
# something else, and two throws tell more about a die than one. A person who looks at the copy gives the same answer.
#
# **BatchBALD** is this count, for whole batches: it adds one image at a time, the one that adds most to what is told
# together. The page on [BatchBALD](../derivations/batchbald.md) derives it, and why one at a time is nearly as good as
# the best batch.
#
# ## Ten questions each
#
# Three ways out of the trap:
#
# - **Luck.** Draw the batch with probabilities in proportion to the scores (`Stochastic`). Neighbours seldom all come
#   together. It costs nothing.
# - **Counting together.** `BatchBALD`.
# - **Distance.** [BADGE](../derivations/badge.md) describes an image by the gradient that its label would send into the
#   last layer. Where the model is unsure it is long, and alike images have alike gradients. It draws images whose
#   gradients are far from each other.

# %%
ways = {
    "random": al.strategies.Random(),
    "BALD, the top ten": al.strategies.BALD(n_samples=50),
    "stochastic BALD": al.strategies.Stochastic(al.strategies.BALD(n_samples=50)),
    "BatchBALD": al.strategies.BatchBALD(n_samples=50, candidates=300),
    "BADGE": al.strategies.BADGE(),
}
questions = {name: way.select(view, 10, np.random.default_rng(0)) for name, way in ways.items()}

# %% tags=["hide-input"]
figure, axes = plt.subplots(len(questions), 10, figsize=(9.5, 1.2 * len(questions)))
for line, (name, chosen) in zip(axes, questions.items(), strict=True):
    for ax, row in zip(line, chosen, strict=True):
        ax.imshow(pool[row].reshape(data.image_shape), cmap="gray_r")
        ax.set_axis_off()
    kinds = len(np.unique(original[chosen]))
    line[0].set_title(f"{name}: {kinds} different image{'s' * (kinds != 1)}", fontsize=10, loc="left")
figure.subplots_adjust(left=0.01, right=0.99, top=0.95, bottom=0.01, hspace=0.35, wspace=0.1)
plt.show()

# %% [markdown]
# See the second line. Now the numbers: how many different images and digits, how far apart they are as pictures, and
# what the labels of the first four tell together, compared with what their scores promise.

# %%
where = {row: position for position, row in enumerate(view.candidates)}
pixels = pool.astype(float) / 255
print("                    different          mean      first four labels, in nats")
print("                    images  digits   distance   promised   together")
found = {}
for name, chosen in questions.items():
    four = [where[row] for row in chosen[:4]]
    found[name] = (len(np.unique(original[chosen])), gain[four].sum(), together(four))
    images, promised, told = found[name]
    print(
        f"{name:18} {images:7} {len(np.unique(answers[chosen])):7} {typical_distance(pixels[chosen]):10.2f}"
        f" {promised:10.3f} {told:10.3f}"
    )

assert found["BALD, the top ten"][0] < min(found[name][0] for name in ways if name != "BALD, the top ten")
assert found["BatchBALD"][2] > found["BALD, the top ten"][2]
assert all(told <= promised + 1e-4 for _, promised, told in found.values())

# %% tags=["hide-input"]
figure, ax = plt.subplots(figsize=(6.4, 3.6))
for i, name in enumerate(("BALD, the top ten", "stochastic BALD", "BatchBALD", "BADGE")):
    positions = [where[row] for row in questions[name][:4]]
    ax.plot(range(1, 5), [together(positions[:n]) for n in range(1, 5)], "os^D"[i] + "-", label=name)
    if name == "BALD, the top ten":
        ax.plot(range(1, 5), np.cumsum(gain[positions]), ":", color="C0", label="what its scores promise")
ax.axhline(np.log(len(samples)), color="0.5", linewidth=1)
ax.annotate("ln 50: all there is to know of 50 networks", (1, np.log(50)), va="bottom", fontsize=9)
ax.set(xlabel="labels", ylabel="told together, in nats", xticks=range(1, 5), ylim=(0, 4.5))
ax.legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
figure.tight_layout()
plt.show()

# %% [markdown]
# Scores promise nearly a straight line. What copies tell together bends away from it, and stays below what BatchBALD
# finds. The drawn batch and BADGE start lower, for they do not take the best scores. Do they lose by that? Remember
# that the blue curve counts the copies at more than they are worth: what a network learns from them, it does not know.
#
# ## Does it matter for accuracy?
#
# Whole runs now: ten labels a round, each seed with a redundant pool of its own.

# %%
result = al.compare(
    ways,
    model=model,
    data=data,
    preparation=redundant,
    initial=20,
    budget=100,
    batch=10,
    seeds=range(5),
)
print("                    accuracy at 100 labels   minus random's, pair by pair")
for name in result.strategies:
    difference = (
        "" if name == "random" else f"{result.paired(name, 'random', 'final_accuracy').difference:+.1%}"
    )
    print(f"{name:18}  {f'{result.final_accuracy(name):.1%}':24} {difference}")

final = {name: result.final_accuracy(name).mean for name in result.strategies}
assert final["BALD, the top ten"] == min(final.values())

# %% tags=["hide-input"]
figure, ax = plt.subplots(figsize=(7, 4.2))
colors = {"random": "0.5"} | {
    name: f"C{i}" for i, name in enumerate(name for name in ways if name != "random")
}
for name, style in zip(ways, ("-", "--", "-", "-.", "-"), strict=True):
    labels, means = result.curve(name)
    ax.plot(labels, [point.mean for point in means], style, color=colors[name], linewidth=2, label=name)
ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
ax.set(xlabel="labels paid for", ylabel="test accuracy")
ax.set_title("A pool with ten copies of each image: means over five seeds", fontsize=10)
ax.legend(frameon=False, loc="lower right")
figure.tight_layout()
plt.show()

# %% [markdown]
# The best scores, taken from the top, are the worst way to ask here, and clearly worse than not looking at all. The
# other three use what is nearly the same knowledge of the model, and make better batches of it. How many different
# images did each of them pay for?

# %%
for name in result.strategies:
    batches = [batch for run in result.of(name) for batch in run.queried[1:]]
    print(
        f"{name:18} {np.mean([len(set(batch)) for batch in batches]):4.1f} different images in a batch of ten"
    )

# %% [markdown]
# ## Without copies
#
# **Question.** Real pools have no ten copies of each image. Is all this about a trap that we dug ourselves?
#
# Measure it where nothing is repeated: 1348 different digits. Take from each image the mean image, so that what all
# images share does not count, and call two images alike by the cosine of the angle between them: one for equal images,
# about zero for unrelated ones.

# %%
centred = data.x_train - data.x_train.mean(axis=0)
directions = centred / np.linalg.norm(centred, axis=1, keepdims=True)


def likeness(rows):
    """Return the mean cosine over all pairs of different rows."""
    return (directions[rows] @ directions[rows].T)[np.triu_indices(len(rows), k=1)].mean()


mean_likeness = {name: [] for name in ways}
for seed in range(8):
    honest = al.ActiveLearner(model, data.x_train, al.strategies.Random(), seed=seed)
    start = honest.ask(20)
    honest.tell(start, data.y_train[start])
    for name, way in ways.items():
        batch = way.select(honest.view(), 10, np.random.default_rng(seed))
        mean_likeness[name].append(likeness(batch))

print("how alike the images of a first batch are, mean over eight seeds")
for name, values in mean_likeness.items():
    print(f"{name:18} {np.mean(values):6.3f}")
assert np.mean(mean_likeness["BALD, the top ten"]) > np.mean(mean_likeness["stochastic BALD"])
assert np.mean(mean_likeness["BALD, the top ten"]) > np.mean(mean_likeness["random"])

# %% [markdown]
# Without a single copy, the top ten are more alike than a random batch and than the drawn one. Copies make the effect
# large enough to see at a glance; alike images are enough to have it.
#
# ## What you now know
#
# - A score is for one row. What several labels tell together is at most the sum of their scores, and for copies far
#   less.
# - BatchBALD counts together, BADGE keeps a distance, and drawing by the score is a cheap way to get much of it.
# - If you know that your pool has copies, there is a filter for any strategy: `al.strategies.WithoutNearDuplicates`.
# - Covering the pool by [distance alone](../derivations/k-center.md) avoids copies, too, and does not look at the
#   model's doubts at all.
#
# Five seeds, five strategies, a table with intervals: when may one say that A is better than B? That is the last
# tutorial.
