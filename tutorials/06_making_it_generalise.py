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
# # Making it generalise: 500 images of MNIST
#
# A network that has learned its examples by heart has learned nothing else. We make one overfit on purpose, see how to
# notice, and try what is recommended against it: dropout, weight decay, early stopping, augmentation. Then one honest
# table of what each of them brought.

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
# ## Five hundred images
#
# Real projects seldom have 60,000 labels. We pretend to have 500, drawn at random. A different seed draws other images,
# starts with other weights and shuffles differently.
#
# The test images measure how well it does on new ones. We look at them often on this page, because they are what it is
# about. So nothing here may be *chosen* by them: all settings are usual values, set once.

# %%
EPOCHS, BATCH = 60, 32
pixel_count = data.x_train.shape[1]
cross_entropy = nn.SoftmaxCrossEntropy()


def sample(seed):
    """Draw 500 training images."""
    rows = np.random.default_rng(seed).permutation(len(data.x_train))[:500]
    return data.x_train[rows], data.y_train[rows]


def plain():
    return [nn.Dense(256), nn.ReLU(), nn.Dense(10)]


x, y = sample(seed=0)
network = nn.Sequential(plain(), input_shape=pixel_count, seed=0)
watched = slice(None, None, 1 + len(data.x_test) // 2000)  # enough test images to see the curve
record = nn.fit(
    network,
    cross_entropy,
    nn.Adam(1e-3),
    x,
    y,
    epochs=EPOCHS,
    batch_size=BATCH,
    validation=(data.x_test[watched], data.y_test[watched]),
    progress=False,
)
_, learned = nn.evaluate(network, cross_entropy, x, y)
_, accuracy = nn.evaluate(network, cross_entropy, data.x_test, data.y_test)
print(f"{len(network.parameters)} parameters, {len(x)} images")
print(f"right for {learned:.1%} of the images it was trained on, and for {accuracy:.1%} of new ones")
assert learned > 0.99 > accuracy + 0.03

# %% [markdown]
# It has many times more parameters than images. It knows them all.
#
# ## How to notice
#
# **A question.** You see only the training loss, falling beautifully to zero. What is missing?

# %% [markdown]
# **The answer.** The loss on images that it was not trained on. Where the two part, learning by heart begins.

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 3.8))
rounds = np.arange(1, EPOCHS + 1)
left.plot(rounds, record.loss, "--", color="C0", label="training")
left.plot(rounds, record.validation_loss, color="C1", label="new images")
lowest = int(np.argmin(record.validation_loss))
left.plot(rounds[lowest], record.validation_loss[lowest], "o", color="C1")
left.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
left.legend(frameon=False)
right.plot(rounds, record.validation_accuracy, color="C1")
right.set(xlabel="epoch", ylabel="right, new images")
right.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
figure.tight_layout()
plt.show()
unseen = record.validation_loss
print(f"new images: loss {unseen[lowest]:.3f} after epoch {lowest + 1}, {unseen[-1]:.3f} at the end")
assert record.loss[-1] < 0.05
assert data.name != "mnist" or unseen[-1] > 1.05 * unseen[lowest]

# %% [markdown]
# The loss of new images falls, turns, and rises again, while the training loss goes to zero. Look at the right
# picture as well: the accuracy stays where it is. The network does not make more mistakes. It becomes surer of those
# that it makes. That is what [the last tutorial](05_what_the_network_sees.ipynb) measured as bad calibration.
#
# ## Five remedies
#
# **Weight decay.** Every step shrinks all weights a little. What is not needed again and again fades, and the function
# stays smoother.
#
# $$
# \theta \leftarrow (1 - \eta \lambda) \, \theta - \eta \cdot \text{step}
# $$
#
# **Dropout.** In every step half of the hidden neurons are switched off, others each time. No neuron can rely on a
# particular other one, so each has to be useful by itself. While predicting, all are on. ([Dropout,
# derived](../derivations/dropout.md).)
#
# **Early stopping.** Hold some images back, watch their loss, stop when it no longer falls, and go back to the best
# moment. But the images held back are not trained on: labels are spent on watching.
#
# **Augmentation.** A 7 that is shifted, turned or bent a little still is a 7. So show every image a little different
# each time. It is as if we had many more, and the labels cost nothing.
#
# **Both** dropout and augmentation.
#
# Here is what augmentation does to one image:

# %%
side = data.image_shape[0]
augment = nn.Augment(
    shift=2 * side / 28, rotate=12, scale=0.12, elastic=side / 28, image_shape=data.image_shape
)
row = np.repeat(x[3:4].astype(np.float32) / 255, 20, axis=0)
variants = augment(row, seed=0, step=0)

figure, axes = plt.subplots(2, 10, figsize=(9.5, 2.2))
for ax, image in zip(axes.flat, variants, strict=True):
    ax.imshow(image.reshape(data.image_shape), cmap="gray_r")
    ax.set_axis_off()
figure.suptitle(f"twenty times the same {y[3]}", fontsize=11)
figure.tight_layout()
plt.show()

# %% [markdown]
# **A question.** Before you read on: which of them will bring most? Which could do harm? Write it down.
#
# ## The experiment
#
# Each remedy alone, with three seeds. The same seed means the same 500 images and the same start, so that remedies
# can be compared seed by seed. Everything else stays equal: 60 epochs, the same steps, the same rate.

# %%
with_dropout = [nn.Dropout(0.2), nn.Dense(256), nn.ReLU(), nn.Dropout(0.5), nn.Dense(10)]
remedies = {
    "nothing": {},
    "weight decay": {"optimizer": nn.AdamW(1e-3, weight_decay=0.5)},
    "dropout": {"layers": with_dropout},
    "early stopping": {"callbacks": [nn.EarlyStopping(patience=5)], "validation": 0.2},
    "augmentation": {"augment": augment},
    "dropout and augmentation": {"layers": with_dropout, "augment": augment},
}
seeds = range(3)


def train(seed, layers=None, optimizer=None, **settings):
    """Train on 500 images; return the loss and the accuracy on all test images."""
    layers = plain() if layers is None else [layer.copy() for layer in layers]
    optimizer = nn.Adam(1e-3) if optimizer is None else optimizer.copy()
    network = nn.Sequential(layers, input_shape=pixel_count, seed=seed)
    nn.fit(
        network,
        cross_entropy,
        optimizer,
        *sample(seed),
        epochs=EPOCHS,
        batch_size=BATCH,
        seed=seed,
        progress=False,
        **settings,
    )
    return nn.evaluate(network, cross_entropy, data.x_test, data.y_test)


results = {name: np.array([train(seed, **settings) for seed in seeds]) for name, settings in remedies.items()}

# %%
print(f"{'':26}{'right':>7}{'gained':>9}{'(each seed)':>24}{'loss':>8}")
gained = {}
for name, values in results.items():
    gained[name] = 100 * (values[:, 1] - results["nothing"][:, 1])
    each = "  ".join(f"{g:+.1f}" for g in gained[name])
    print(
        f"{name:26}{values[:, 1].mean():7.1%}{gained[name].mean():+9.1f}{each:>24}{values[:, 0].mean():8.3f}"
    )
print("gained: accuracy over 'nothing' with the same seed, in percentage points")

# %% [markdown]
# The same as a picture. Each dot is one seed, and the bar is their mean.

# %%
figure, axes = plt.subplots(1, 2, figsize=(11, 3.8), sharey=True)
names = list(results)[::-1]
for k, name in enumerate(names):
    for ax, values in zip(axes, (100 * (1 - results[name][:, 1]), results[name][:, 0]), strict=True):
        ax.barh(k, values.mean(), height=0.6, color="C0", alpha=0.45)
        ax.plot(values, [k] * len(values), "o", color="C1", markersize=5)
axes[0].set_yticks(range(len(names)), names)
axes[0].set_xlabel("wrong, % of the test images")
axes[1].set_xlabel("loss on the test images")
figure.tight_layout()
plt.show()
means = {name: values.mean(axis=0) for name, values in results.items()}
if data.name == "mnist":
    assert gained["augmentation"].min() > 3, "augmentation no longer wins by far"
    assert 1 - means["augmentation"][1] < 0.6 * (1 - means["nothing"][1]), "it no longer halves the mistakes"
    assert gained["dropout"].mean() > 0, "dropout no longer helps"
    assert means["weight decay"][0] < means["nothing"][0], "weight decay no longer lowers the loss"
    assert abs(gained["weight decay"].mean()) < 1, "weight decay now changes the accuracy"
    assert gained["early stopping"].mean() < 0.5, "early stopping now helps the accuracy"
    assert means["early stopping"][0] < means["nothing"][0], "early stopping no longer lowers the loss"
    assert means["dropout and augmentation"][1] < means["augmentation"][1], "dropout now helps augmentation"

# %% [markdown]
# An honest reading, of MNIST:
#
# - **Augmentation** wins by far. It is the only one that adds something the network could not know: that a shifted 7
#   is a 7. It halves the mistakes.
# - **Dropout** brings about a point.
# - **Weight decay** makes the loss smaller and leaves the accuracy where it was: the network is less sure, and not
#   wiser.
# - **Early stopping** makes the loss smaller, too, and saves time. It does nothing for the accuracy, rather the
#   contrary, for a fifth of the labels went into watching.
# - **Two remedies are not the sum of two.** Dropout on top of augmentation makes it worse. Augmentation has already
#   made learning by heart hard, and what dropout takes away is missed. (Perhaps 60 epochs are too few for both; see
#   below.)
#
# Compare it with what you wrote down.
#
# ## What this does not show
#
# Three seeds say little about differences of half a point. One set of settings was tried for each, so a remedy that did
# nothing here may do something if it is tuned; but then tune all of them, by validation rows, and count these labels.
# With another kind of data, augmentation may have nothing to offer: nobody knows how to shift a blood test.
#
# And the remedy that beats all others is not in the table: **more labels**.

# %%
sizes = [125, 250, 500, 1000]
by_size = []
for size in sizes:
    rows = np.random.default_rng(0).permutation(len(data.x_train))[:size]
    network = nn.Sequential(plain(), input_shape=pixel_count, seed=0)
    nn.fit(
        network,
        cross_entropy,
        nn.Adam(1e-3),
        data.x_train[rows],
        data.y_train[rows],
        steps=16 * EPOCHS,
        batch_size=BATCH,
        progress=False,
    )
    by_size.append(nn.evaluate(network, cross_entropy, data.x_test, data.y_test)[1])
    print(f"{size:5} images: right for {by_size[-1]:.1%} of new ones")
assert by_size == sorted(by_size)

# %% [markdown]
# Each doubling brings a few points. Labels cost somebody's time, though. Which images would be worth a label? That is
# the question of active learning, later on.
#
# ## What you now know
#
# - Overfitting shows where training loss and the loss of new rows part.
# - Loss and accuracy are two things. A remedy may help one of them only.
# - Knowledge about the data, as in augmentation, beats general caution.
# - Compare with the same seeds, several of them, and change one thing at a time.
#
# ## Try it yourself
#
# 1. Augmentation with `rotate=180`. What goes wrong, and with which digits? Look at the confusions.
# 2. Is it the shift, the turn or the bending that helps? Switch them on one by one.
# 3. Give dropout with augmentation 200 epochs. Does it catch up?
# 4. Shuffle the labels, `np.random.default_rng(0).permutation(y)`. How well can the network learn nonsense by heart?
#
# Next: [convolution](07_convolution.ipynb). Another way to put knowledge about images in: into the network itself.
