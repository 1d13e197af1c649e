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
# # What the network sees in MNIST
#
# A network for handwritten digits is right in more than 97 of 100 cases. Which pixels does it look at? What does it
# mistake for what? And when it says "I am 90 % sure", is it right in 90 % of these cases? We look at weights, at
# mistakes, and measure whether its confidence can be believed.

# %%
import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

import tinynn as nn

_ = threadpool_limits(1)  # for products this small several threads gain little, and round differently
try:
    data = nn.datasets.load("mnist")
except nn.datasets.DatasetError:
    data = nn.datasets.load("digits")
    print(
        "MNIST cannot be had here. These are 1797 small digits instead; read the numbers of the text as theirs."
    )

# %% [markdown]
# ## The network of last time
#
# The same layers as [in the last tutorial](04_mnist_from_scratch.ipynb), with another optimiser, and a few epochs more.
# Rows are held back as before. We will need them.

# %%
pixel_count = data.x_train.shape[1]
held = len(data.x_train) // 6
x, y = data.x_train[:-held], data.y_train[:-held]
x_held, y_held = data.x_train[-held:], data.y_train[-held:]

network = nn.Sequential(
    [nn.Dense(128), nn.ReLU(), nn.Dense(64), nn.ReLU(), nn.Dense(10)], input_shape=pixel_count, seed=0
)
before = network.layers[0].W.copy()
epochs = 8 if data.name == "mnist" else 60
nn.fit(network, nn.SoftmaxCrossEntropy(), nn.Adam(1e-3), x, y, epochs=epochs, batch_size=64, progress=False)
_, accuracy = nn.evaluate(network, nn.SoftmaxCrossEntropy(), data.x_test, data.y_test)
print(f"right for {accuracy:.2%} of the test images")
assert accuracy > (0.965 if data.name == "mnist" else 0.93)

# %% [markdown]
# ## What the first layer looks at
#
# Each neuron of the first layer has one weight for each pixel, so its weights can be drawn as an image. Red pixels
# speak for the neuron, blue ones against it, and pale ones it does not care about.


# %%
def show_weights(W, columns, title, captions=None):
    """Draw the weights of some neurons, (pixels, neurons), as images on one scale."""
    lines = -(-W.shape[1] // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(0.95 * columns, 1.0 * lines + 0.5), squeeze=False)
    largest = np.quantile(np.abs(W), 0.995)
    for k, ax in enumerate(axes.flat):
        ax.set_axis_off()
        if k < W.shape[1]:
            image = W[:, k].reshape(data.image_shape)
            ax.imshow(image, cmap="RdBu_r", vmin=-largest, vmax=largest)
            if captions:
                ax.set_title(captions[k], fontsize=10)
    figure.suptitle(title, fontsize=11)
    figure.tight_layout()
    plt.show()


W = network.layers[0].W
show_weights(W[:, :30], 10, "The first 30 of 128 neurons")

# %% [markdown]
# Some strokes, and a lot of noise. (`nn.plotting.plot_weights(network)` draws such a picture in one call.)
#
# **A question.** Where does the noise come from? And why is it all that there is near the border?

# %% [markdown]
# **The answer.** The weights started as noise, and training only added to it. Subtract the start, and you see what was
# learned:

# %%
show_weights((W - before)[:, :30], 10, "The same neurons: what training added")

# %% [markdown]
# Strokes, edges, spots: pieces of digits, and much that we have no name for.
#
# Near the border nothing was added. The slope of a weight is its input times something. A pixel that is zero in every
# image gives slope zero, always. So its weights never moved, not even by rounding.

# %%
always_zero = (x == 0).all(axis=0)
moved = np.abs(W - before).max(axis=1)
print(f"{always_zero.sum()} of {pixel_count} pixels are zero in all training images")
print(
    f"their weights moved by {moved[always_zero].max(initial=0)}; of the others, by up to {moved.max():.2f}"
)
assert moved[always_zero].max(initial=0) == 0 < moved[~always_zero].min()

# %% [markdown]
# It is harmless here. But think of a pixel that is zero in training, and bright in use: its random weights would pour
# noise into the network.
#
# ## Without a hidden layer
#
# For comparison, a network of ten neurons only, one for each digit. What it looks for, it has to say in a single image.

# %%
single = nn.Sequential([nn.Dense(10)], input_shape=pixel_count, seed=0)
single.layers[0].W = 0.0  # one layer may start at zero, and then it has no noise
decay = nn.L2(1e-3)
nn.fit(
    single,
    nn.SoftmaxCrossEntropy(),
    nn.Adam(2e-3),
    x,
    y,
    epochs=epochs // 2,
    batch_size=64,
    callbacks=[decay],
    progress=False,
)
_, single_accuracy = nn.evaluate(single, nn.SoftmaxCrossEntropy(), data.x_test, data.y_test)
show_weights(single.layers[0].W, 10, f"Ten neurons, right for {single_accuracy:.1%}", captions=range(10))
assert single_accuracy < accuracy

# %% [markdown]
# Faint digits, and around them in blue what would make it another digit: a 0 must not have ink in the middle. One such
# template cannot fit all ways of writing a 4. Hidden neurons can be combined, so a network with 128 of them makes far
# fewer mistakes.
#
# ## What it gets wrong
#
# Take the probabilities for all test images, and look at the mistakes of which it was surest. Above each image: what it
# is, and what it was taken for.

# %%
p = nn.predict_proba(network, data.x_test)
said, confidence = p.argmax(axis=1), p.max(axis=1)
wrong = np.flatnonzero(said != data.y_test)
surest = wrong[np.argsort(-confidence[wrong])][:20]

figure, axes = plt.subplots(2, 10, figsize=(10.5, 3.3))
for ax in axes.flat:
    ax.set_axis_off()
for ax, row in zip(axes.flat, surest, strict=False):
    ax.imshow(data.x_test[row].reshape(data.image_shape), cmap="gray_r")
    ax.set_title(f"{data.y_test[row]} → {said[row]}\n{confidence[row]:.1%}", fontsize=9)
figure.tight_layout()
plt.show()
print(f"{len(wrong)} of {len(said)} are wrong")

# %% [markdown]
# Some of these you would have got wrong, too. Others are plain digits. That is worth knowing about networks: they do
# not fail where we would.
#
# Which digits are confused? A table of all pairs: rows are the truth, columns the answer.

# %%
figure, ax = plt.subplots(figsize=(5.6, 5.6))
nn.plotting.plot_confusion(data.y_test, said, range(10), ax=ax)
figure.tight_layout()
plt.show()

counts = np.zeros((10, 10), dtype=int)
np.add.at(counts, (data.y_test, said), 1)
np.fill_diagonal(counts, 0)
true, taken = np.unravel_index(counts.argmax(), counts.shape)
print(f"most often: a {true} is taken for a {taken}, {counts.max()} times")

# %% [markdown]
# ## Does it know when it is wrong?
#
# The network calls the largest of its ten probabilities its **confidence**. Suppose it says 90 % on a hundred images.
# If the number means anything, it should be right on about ninety of them. A network for which this holds is called
# **calibrated**.
#
# **A question.** How would you measure it? You have the confidence for each image, and whether the answer was right.

# %% [markdown]
# **The answer.** Sort the images into ten bins by confidence: 0 to 10 %, 10 to 20 %, and so on. In each bin compare the
# mean confidence with the share of right answers. Then take the mean difference over all bins, weighted by how many
# images each holds. That is the **expected calibration error**:
#
# $$
# \mathrm{ECE} = \sum_b \frac{n_b}{n} \, \bigl| \mathrm{accuracy}_b - \mathrm{confidence}_b \bigr|
# $$


# %%
def reliability(p, labels, bins=10):
    """Return for each bin how many rows it holds, their mean confidence, and their accuracy."""
    confidence, right = p.max(axis=1), p.argmax(axis=1) == labels
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    n = np.bincount(place, minlength=bins)
    some = np.maximum(n, 1)  # empty bins: 0 / 1
    return n, np.bincount(place, confidence, bins) / some, np.bincount(place, right, bins) / some


def calibration_error(p, labels):
    n, mean_confidence, share_right = reliability(p, labels)
    return np.sum(n / n.sum() * np.abs(share_right - mean_confidence))


n, mean_confidence, share_right = reliability(p, data.y_test)
print("confidence       images   says   is right")
for k in np.flatnonzero(n):
    print(f"{k / 10:4.0%} to {(k + 1) / 10:4.0%}  {n[k]:8}  {mean_confidence[k]:5.1%}  {share_right[k]:9.1%}")
error = calibration_error(p, data.y_test)
print(f"expected calibration error: {error:.4f}")

# %% [markdown]
# The usual picture is the **reliability diagram**: what it said across, what was true upwards. On the dashed line words
# and deeds agree; below it the network is too sure of itself.


# %%
def reliability_diagram(ax, p, labels, title):
    """Draw accuracy against confidence; the larger a dot, the more images are behind it."""
    n, said, true = reliability(p, labels)
    filled = n > 0
    ax.plot([0, 1], [0, 1], "--", color="gray", linewidth=1)
    ax.vlines(said[filled], true[filled], said[filled], color="C1", linewidth=2)
    ax.scatter(said[filled], true[filled], s=12 + 250 * np.sqrt(n[filled] / n.sum()), color="C0", zorder=3)
    ax.set(
        xlabel="confidence: says", ylabel="accuracy: is right", xlim=(0, 1.05), ylim=(0, 1.05), aspect="equal"
    )
    ax.set_title(f"{title}\nexpected calibration error {calibration_error(p, labels):.4f}", fontsize=11)


figure, ax = plt.subplots(figsize=(4.8, 5))
reliability_diagram(ax, p, data.y_test, "as trained")
figure.tight_layout()
plt.show()
print(f"mean confidence {confidence.mean():.2%}, right {np.mean(said == data.y_test):.2%}")
assert data.name != "mnist" or confidence.mean() > np.mean(said == data.y_test)

# %% [markdown]
# It promises more than it keeps. The reason: in training it gets nearly all images right, and from then on the loss can
# only fall by being surer. So it becomes surer, of everything.
#
# Beware of one thing in this diagram. Bins in the middle hold few images, and their dots jump about by chance. The
# number is dominated by the large dot at the right end.
#
# ## A cure with one number
#
# Divide all logits by a **temperature** $T$ before the softmax:
#
# $$
# p_k = \frac{e^{z_k / T}}{\sum_j e^{z_j / T}}
# $$
#
# With $T > 1$ the probabilities move together. The largest stays the largest, so no answer changes. Only the confidence
# does (Guo et al. 2017).
#
# **A question.** Which rows should $T$ be chosen by: training, held back, or test?

# %% [markdown]
# **The answer.** On the training rows the network is right nearly always, so it seems to be entitled to its confidence.
# Test rows are for the end. So: those that we held back. We take the $T$ with the smallest loss there.

# %%
logits_held, logits_test = network.forward(x_held).astype(float), network.forward(data.x_test).astype(float)


def loss_at(T, logits, labels):
    p = nn.softmax(logits / T)
    return -np.mean(np.log(p[np.arange(len(labels)), labels]))


temperatures = np.arange(0.5, 4.01, 0.05)
losses = [loss_at(T, logits_held, y_held) for T in temperatures]
T = temperatures[np.argmin(losses)]
softened = nn.softmax(logits_test / T)
print(f"best temperature {T:.2f}")
test_losses = loss_at(1, logits_test, data.y_test), loss_at(T, logits_test, data.y_test)
print(f"test loss                  {test_losses[0]:.4f} → {test_losses[1]:.4f}")
print(f"expected calibration error {error:.4f} → {calibration_error(softened, data.y_test):.4f}")
assert (softened.argmax(axis=1) == said).all()
assert T > 1
if data.name == "mnist":  # the few digits are too few to say
    assert test_losses[1] < test_losses[0]
    assert calibration_error(softened, data.y_test) < error

# %%
figure, axes = plt.subplots(1, 3, figsize=(13, 4.6))
reliability_diagram(axes[0], p, data.y_test, "as trained")
reliability_diagram(axes[1], softened, data.y_test, f"with T = {T:.2f}")
axes[2].plot(temperatures, losses, color="C0")
axes[2].plot(T, min(losses), "o", color="C1")
axes[2].set(xlabel="temperature T", ylabel="loss of the rows held back")
figure.tight_layout()
plt.show()

# %% [markdown]
# One number, and its confidence is worth much more. If a person is to look at the doubtful cases only, that matters:
# how many images do we have to hand over?

# %%
order = np.argsort(softened.max(axis=1))
for share in (0.01, 0.02, 0.05, 0.1):
    handed = order[: round(share * len(order))]
    kept = order[len(handed) :]
    print(
        f"hand over the {share:3.0%} least sure: {np.isin(wrong, handed).mean():4.0%} of all mistakes are among them, "
        f"and of the rest {np.mean(said[kept] != data.y_test[kept]):.2%} are wrong"
    )
assert np.isin(wrong, order[: len(order) // 10]).mean() > 0.5

# %% [markdown]
# It does know where it is weak, more or less. This is what active learning lives on: labels are asked for where the
# model is unsure.
#
# ## What you now know
#
# - Weights of a first layer are images. Where inputs are always zero, weights never move.
# - Look at the surest mistakes, and at the table of confusions, before you change anything.
# - A softmax gives numbers that add up to one. Whether they are probabilities in earnest has to be measured.
# - Trained long, networks are too sure. A temperature from held-back rows mends most of it, and changes no answer.
#
# ## Try it yourself
#
# 1. Train for one epoch only. Is the network still too sure?
# 2. Use `nn.SoftmaxCrossEntropy(label_smoothing=0.1)`. What happens to the best temperature?
# 3. Give it `255 - data.x_test`, white on black turned round. How sure is it of its nonsense?
#
# Next: [making it generalise](06_making_it_generalise.ipynb). What if there are only 500 images?
