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
# Pictures are cheap and labels are not: somebody has to look at each picture and say what it is. Active learning
# lets the model choose the pictures that person looks at next. The hope is to reach the same accuracy with fewer
# labels.
#
# The loop has three steps, and we first do them by hand:
#
# 1. **ask**: the learner picks some rows it wants labels for,
# 2. **label**: somebody answers,
# 3. **tell**: the learner takes the answers and trains again.
#
# Then we let it run by itself, with several ways of choosing, and see which of them pay. One of them does not.

# %%
import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

import tinyal as al
import tinynn as nn

# Matrices this small gain nothing from more threads, and several threads would round their sums differently.
threadpool_limits(1)

data = nn.datasets.load("digits")
print(data)

# %% [markdown]
# ## The digits
#
# The package carries these small handwritten digits, so nothing is downloaded. The training images are our
# **pool**: we may look at all of them and pretend not to know their labels. Only the oracle knows those. An oracle
# is whoever answers; in real use a person, here an array.
#
# The test images are for measuring only. Nothing is ever chosen by them.

# %%
pool = data.x_train
oracle = al.oracles.ArrayOracle(data.y_train)
test = (data.x_test, data.y_test)


def show(rows, captions, title, columns=10):
    """Draw these rows of the pool, each with a caption above it."""
    lines = -(-len(rows) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(0.95 * columns, 1.35 * lines + 0.35), squeeze=False)
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, row, caption in zip(axes.flat, rows, captions, strict=False):
        ax.imshow(pool[row].reshape(data.image_shape), cmap="gray_r")
        ax.set_title(caption, fontsize=9)
    figure.suptitle(title, fontsize=11)
    figure.tight_layout()
    plt.show()


some = np.arange(20)
show(some, oracle.answer(some), "Some of the pool, with the labels we pretend not to know")

# %% [markdown]
# ## A small network and a few labels
#
# One hidden layer, and dropout behind it. Dropout is there for a second reason besides the usual one: left on while
# predicting, it makes a different network of each pass, and these networks can disagree. We will use that below.
#
# `classes=` names all ten digits. A few random labels may miss some, and the network needs an output for each.
#
# The learner gets this model as a plan. Each time it is told labels, it trains a fresh copy from scratch. Its first
# question has to be random, for it knows nothing yet.

# %%
model = nn.Classifier(
    [nn.Dense(128), nn.ReLU(), nn.Dropout(0.5), nn.Dense(10)],
    steps=150,
    batch_size=32,
    optimizer=nn.Adam(5e-3),
    classes=range(10),
)
learner = al.ActiveLearner(model, pool, strategy=al.strategies.Margin(), seed=0)

first = learner.ask(20)
learner.tell(first, oracle.answer(first))
show(first, oracle.answer(first), "The first labels, chosen at random")

labels_per_digit = np.bincount(learner.labels, minlength=10)
never_seen = np.flatnonzero(labels_per_digit == 0)
print("labels of the digits 0 to 9:", labels_per_digit)
print("digits without any label:", never_seen)
print(f"test accuracy with {len(learner.labeled)} labels: {learner.model.score(*test):.1%}")

# %% [markdown]
# Far better than guessing, and far from good. Some digits have no example at all to learn from.
#
# ## How unsure is it?
#
# For each image the network gives ten probabilities $p_k$. There are several ways to turn them into one number.
#
# **Entropy** is large where the probability is spread over many classes, and zero where one class has it all:
#
# $$
# H(p) = -\sum_k p_k \ln p_k
# $$
#
# **Margin** looks at the first two classes only, and is the lead of the first over the second. Mind the direction:
# a *small* margin means unsure.
#
# **BALD** asks several thinned networks, each with a dropout mask of its own. It takes the entropy of their mean
# prediction, and subtracts their mean entropy:
#
# $$
# \mathrm{BALD} = H(\text{mean of } p) - \text{mean of } H(p)
# $$
#
# What is left is disagreement. If all networks shrug in the same way, BALD is near zero: a label would not tell
# which of them is right. If each is sure and they contradict each other, a label settles something.

# %%
p = learner.model.predict_proba(pool)
samples = learner.model.sample_proba(pool, n_samples=20, seed=0)
print("probabilities", p.shape, "  samples", samples.shape)

entropy = al.measures.entropy(p)
margin = al.measures.margin(p)
bald = al.measures.bald(samples)

# Rows that have their label already are out of the question.
free = learner.unlabeled
picks = {
    "smallest entropy": free[entropy[free].argmin()],
    "largest entropy": free[entropy[free].argmax()],
    "smallest margin": free[margin[free].argmin()],
    "largest BALD": free[bald[free].argmax()],
}
print(f"{'':18}  label  first guess  second guess  entropy  margin   BALD")
for name, row in picks.items():
    second, best = np.argsort(p[row])[-2:]
    print(
        f"{name:18}  {oracle.answer(row):5}  {best:4} {p[row, best]:6.1%}  {second:5} {p[row, second]:6.1%}"
        f"  {entropy[row]:7.3f}  {margin[row]:6.3f}  {bald[row]:5.3f}"
    )

# %% [markdown]
# The same digits as pictures. Bars are the prediction, and dots are the thinned networks. Entropy and margin see
# the bars only. BALD sees how far the dots are apart.

# %%
figure, axes = plt.subplots(2, len(picks), figsize=(10, 4.2), height_ratios=(1.2, 1), sharey="row")
for (name, row), image, bars in zip(picks.items(), *axes, strict=True):
    image.imshow(pool[row].reshape(data.image_shape), cmap="gray_r")
    image.set_title(f"{name}\nit is a {oracle.answer(row)}", fontsize=10)
    image.set_axis_off()
    bars.bar(range(10), p[row], color="C0", alpha=0.5)
    bars.plot(range(10), samples[:, row].T, ".", color="C1", markersize=3)
    bars.set_xticks(range(10))
axes[1, 0].set_ylabel("probability")
figure.tight_layout()
plt.show()

# %% [markdown]
# ## Ask, label, tell: by hand, twice
#
# The learner was made with the strategy `Margin`, so it now asks where two digits are nearly tied. `ask` returns
# row numbers of the pool. Look at what it wants to know. Above each image stands its guess, "3 or 8?", and below
# the figure the answers are printed.


# %%
def guesses(rows):
    """Say between which two digits the learner's model wavers."""
    best_two = np.argsort(learner.model.predict_proba(pool[rows]), axis=1)[:, :-3:-1]
    return [f"{a} or {b}?" for a, b in best_two]


asked = learner.ask(20)
show(asked, guesses(asked), "Round 1: what the learner asks")
right = np.mean(learner.model.predict(pool[asked]) == oracle.answer(asked))
print("the answers:", oracle.answer(asked))
print(f"its first guess is right for {right:.0%} of these images")
print(f"and for {learner.model.score(*test):.0%} of the test images")
unknown = np.isin(oracle.answer(asked), never_seen).sum()
print(f"{unknown} of the {len(asked)} are digits of which it has not seen a single label")

# %% [markdown]
# It finds its own weak spots: it does far worse on the images it asks for than on others. Many of its questions are
# between two wrong answers, because nobody has told it yet what the right one looks like. Now somebody does.

# %%
learner.tell(asked, oracle.answer(asked))
print(f"test accuracy with {len(learner.labeled)} labels: {learner.model.score(*test):.1%}")

# %% [markdown]
# Once more. The model is another one now, and it asks for other things.

# %%
asked = learner.ask(20)
show(asked, guesses(asked), "Round 2: what the learner asks")
learner.tell(asked, oracle.answer(asked))
print("the answers:", oracle.answer(asked))
print(f"test accuracy with {len(learner.labeled)} labels: {learner.model.score(*test):.1%}")

# %% [markdown]
# That is the whole loop. Was it any good, though? One run cannot tell. Random images would have helped, too, and
# perhaps we were lucky with the first ones.
#
# ## The loop by itself
#
# `al.simulate` does what we did, again and again, until the budget is spent. It measures the test accuracy after
# each round. We compare five ways of choosing:
#
# - **random**: the yardstick. A method that does not beat it costs work and gives nothing.
# - **margin**: the smallest margins.
# - **top-k entropy**: score each image by its entropy, and take the k largest scores. The most obvious idea of all.
# - **stochastic entropy**: the same scores, but the batch is *drawn*: each image in turn with a probability
#   proportional to its score.
# - **stochastic BALD**: drawn in the same way, with BALD as the score.
#
# Everything is repeated with several seeds. Runs of one seed are **paired**: they start with the same images and,
# until then, the same model. So we can subtract them run by run, and the luck of the first images cancels.

# %%
strategies = {
    "random": al.strategies.Random(),
    "margin": al.strategies.Margin(),
    "top-k entropy": al.strategies.Entropy(),
    "stochastic entropy": al.strategies.Stochastic(al.strategies.Entropy()),
    "stochastic BALD": al.strategies.Stochastic(al.strategies.BALD(n_samples=20)),
}
seeds = range(8)

runs = {name: [] for name in strategies}
for name, strategy in strategies.items():
    for seed in seeds:
        fresh = al.ActiveLearner(model, pool, strategy=strategy, seed=seed)
        runs[name].append(al.simulate(fresh, oracle, test=test, initial=20, budget=200, batch=20))

labels = runs["random"][0].labels
accuracy = {name: np.array([run.accuracy for run in runs[name]]) for name in strategies}
print("labels paid for at each measurement:", labels)
print("accuracies of one strategy: (runs, measurements) =", accuracy["random"].shape)
print("the first images are the same:", runs["random"][0].queried[0] == runs["margin"][0].queried[0])

# %% [markdown]
# ## The learning curves

# %%
looks = {
    "random": ("gray", "-"),
    "margin": ("#0072B2", "-"),
    "top-k entropy": ("#D55E00", "--"),
    "stochastic entropy": ("#E69F00", "-"),
    "stochastic BALD": ("#009E73", "-."),
}
figure, ax = plt.subplots(figsize=(8, 4.8))
for name, (color, style) in looks.items():
    ax.plot(labels, accuracy[name].mean(axis=0), style, color=color, label=name)
for run in accuracy["random"]:
    ax.plot(labels, run, color="gray", linewidth=0.5, alpha=0.5)
ax.set(xlabel="labels paid for", ylabel="test accuracy")
ax.set_title(f"Means over {len(seeds)} runs; thin lines: each run of random", fontsize=11)
ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
ax.legend(frameon=False)
figure.tight_layout()
plt.show()

# %% [markdown]
# The thin grey lines are all the same method. They differ by their seeds alone, and by a lot. This is why one run
# proves nothing.
#
# So we take differences. For each seed, the **area** under a curve is its mean accuracy on the way. From the area
# of each strategy we subtract that of random with the same seed. In brackets stands a 95 % bootstrap interval of
# the mean difference: if it lies wholly above zero, the strategy beat random by more than these seeds' luck
# explains.

# %%
area = {
    name: np.array([al.statistics.area_under_curve(labels, curve) for curve in accuracy[name]])
    for name in strategies
}
over_random = {name: al.statistics.bootstrap_mean(area[name] - area["random"]) for name in strategies}
at_the_end = {
    name: al.statistics.bootstrap_mean(accuracy[name][:, -1] - accuracy["random"][:, -1])
    for name in strategies
}
print("accuracy minus random's with the same seed, in percentage points")
print(f"{'':20}{'on the way':24}{f'at {labels[-1]} labels'}")
for name in strategies:
    if name != "random":
        print(f"{name:20}{f'{over_random[name]:+.1%}':24}{at_the_end[name]:+.1%}")

by_drawing = al.statistics.bootstrap_mean(area["stochastic entropy"] - area["top-k entropy"])
print(f"\ndrawing instead of taking the top, both by entropy: {by_drawing:+.1%} on the way")

# %% [markdown]
# Accuracy is one way to read it, and labels are another: how many does each strategy need to get where random ends?
# A run that never gets there counts with its whole budget, and then the mean is only a lower bound, marked with ≥.

# %%
target = al.statistics.target_accuracy(accuracy["random"][:, -1])
print(f"labels to reach {target:.0%} for the first time: mean over runs with its interval")
needed = {}
for name in strategies:
    curves = [(labels, curve) for curve in accuracy[name]]
    needed[name] = al.statistics.mean_labels_to_reach(curves, target)
    print(f"{name:20}{needed[name]}")

# %% [markdown]
# An honest reading:
#
# - **Margin wins**, on the way and at the end.
# - **Top-k entropy loses to random on the way.** Somebody who stopped early would have done better to throw dice.
#   It catches up later, and at the end of the budget it is ahead of random.
# - **Drawing mends it.** Stochastic entropy has the *same scores* as top-k entropy. The only difference is how a
#   batch is made of them, and this turns a loss into a gain.
# - **Stochastic BALD** is ahead of random, too. Here it does not beat the much simpler margin.
#
# ## Why the top k clump together
#
# The score of an image is computed as if it were the only one to be asked for. But two images that look alike get
# alike probabilities, and so alike scores. If one is at the top, the others are there with it. Once the first has
# its label, the model might be sure of all the others, but the batch was chosen before that.
#
# The drawn batch has the same preference for high scores. Luck decides between neighbours, though, and so they
# seldom all come together.
#
# Here are the first batches of the first seed. Both were chosen by the same model, from the same pool, with the
# same scores.

# %%
for name in ("top-k entropy", "stochastic entropy"):
    batch = np.array(runs[name][0].queried[1])
    show(batch, oracle.answer(batch), f"{name}: the first batch it asks for, with the answers")
    counts = np.bincount(oracle.answer(batch), minlength=10)
    print(
        f"{name}: {(counts > 0).sum()} different digits; {counts.max()} of {len(batch)} are {counts.argmax()}s"
    )

# %% [markdown]
# Does this hold in general? We need a number for "alike". Take from each image the mean image, so that what all
# images share does not count, and compute the cosine of the angle between two images: one for equal images, about
# zero for unrelated ones. Then average over all pairs within a batch.

# %%
centred = pool - pool.mean(axis=0)
directions = centred / np.linalg.norm(centred, axis=1, keepdims=True)


def likeness(rows):
    """Return the mean cosine over all pairs of different rows."""
    cosines = directions[rows] @ directions[rows].T
    return cosines[np.triu_indices(len(rows), k=1)].mean()


def different_digits(rows):
    """Return how many digits occur among these rows."""
    return len(np.unique(oracle.answer(rows)))


first_likeness = {name: [likeness(run.queried[1]) for run in runs[name]] for name in strategies}
print("mean over runs                first batch                  all batches")
print("                       likeness  different digits    likeness  different digits")
for name in strategies:
    batches = [batch for run in runs[name] for batch in run.queried[1:]]
    print(
        f"{name:20}{np.mean(first_likeness[name]):11.3f}"
        f"{np.mean([different_digits(run.queried[1]) for run in runs[name]]):18.1f}"
        f"{np.mean([likeness(batch) for batch in batches]):12.3f}"
        f"{np.mean([different_digits(batch) for batch in batches]):18.1f}"
    )

# %% [markdown]
# The batches of top-k entropy are far more alike than all others, and they hold fewer digits. A drawn batch is
# nearly as mixed as a random one. So the labels of a clump say much the same thing several times, and each of them
# has been paid for.
#
# To be fair: drawing changes a second thing. It also takes images with lower scores, and the highest ones may be
# odd images from which there is little to learn. How much of the gain comes from which, this experiment cannot say.
#
# A batch of one image cannot clump. But then the model has to be trained for each single label, and the person
# waits for it every time.
#
# ## What this does not show
#
# **Other data, other settings.** These are small, clean digits, each about equally frequent. On other data the order
# may change, and so it may with other settings. While writing this page we tried a few: a smaller hidden layer,
# smaller batches, longer training. Margin led in all of them. Top-k entropy did not always lose: with longer training
# or smaller batches it was about level with random. And with the smaller layer, the lead of stochastic BALD over
# random could have been luck. The trend to trust most is the one that has a reason: alike images in one batch are
# a waste.
#
# **New writers.** The same people wrote pool and test images. For the handwriting of a stranger, expect less.
#
# **All labels count.** The first random labels are in the budget; the curves start at them, not at zero. The test
# labels are not in it, for in an experiment they are the measuring rod and nothing is chosen by them. But see how
# many there are:

# %%
print(f"labels spent by a run: {labels[-1]}; labels in the test set: {len(data.y_test)}")

# %% [markdown]
# A real project has to pay for its measuring rod as well. And if you use labels to choose between strategies, to
# set the learning rate, or to decide when to stop, then they are training labels under another name, and belong in
# the budget. That goes for us, too: this page was written after looking at these test scores. They can tell you how
# the methods differ, but as an estimate of what the best one does on new data they are a little too good.
#
# **Few runs.** The intervals say how sure we are of a mean over seeds. They do not say what the next single run
# will do, and you will do only one.
#
# ## Try it yourself
#
# 1. Ask for fewer images a round, `batch=10` or `batch=5`. What happens to the gap between top-k and drawn batches?
#    Why?
# 2. Train longer, `steps=300`. Does top-k entropy still lose on the way?
# 3. Add `al.strategies.BALD(n_samples=20)` without `Stochastic`. Does it clump as well?
# 4. A function `(view, n, rng) -> indices` is a strategy. Write one that takes the images with the largest entropy,
#    but at most five that the model believes to be the same digit. `view.proba()` has the probabilities, and
#    `view.candidates` the row numbers to return.
#
# The last cell guards the words above: should the numbers stop supporting them, it fails.

# %%
assert over_random["margin"].low > 0, "margin no longer wins on the way"
assert at_the_end["margin"].low > 0, "margin no longer wins at the end"
assert over_random["margin"].mean == max(gain.mean for gain in over_random.values()), "margin is not ahead"
assert over_random["top-k entropy"].mean < 0 < at_the_end["top-k entropy"].mean, "top-k entropy is not late"
assert by_drawing.low > 0, "drawing does not beat taking the top"
assert over_random["stochastic entropy"].low > 0, "stochastic entropy is not ahead of random"
assert over_random["stochastic BALD"].mean > 0, "stochastic BALD is not ahead of random"
others = [np.mean(first_likeness[name]) for name in strategies if name != "top-k entropy"]
assert np.mean(first_likeness["top-k entropy"]) > 2 * max(others), "top-k entropy does not clump"
