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
# # Convolution, on a part of MNIST
#
# A dense layer does not know which pixel lies beside which. Shuffle the pixels of all images in the same way, and it
# learns as well as before. A convolution knows: it looks at small windows, and at all of them in the same way. We do
# one by hand, find edges with it, and compare two networks that have the same number of parameters.

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
side = data.image_shape[0]

# %% [markdown]
# ## One window
#
# A **kernel** is a small array of weights, here 3 × 3. Lay it on the image, multiply each pixel by the weight on top of
# it, and add up. That is one number. It is what a neuron does, with nine inputs.
#
# Our kernel has −1 in its upper row and 1 in its lower row.

# %%
image = data.x_train[np.flatnonzero(data.y_train == 7)[0]].reshape(data.image_shape) / 255.0
kernel = np.array([[-1.0, -1.0, -1.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])


def one_window(image, kernel, i, j):
    """Weigh the window whose upper left corner is at (i, j), and add up."""
    height, width = kernel.shape
    return np.sum(image[i : i + height, j : j + width] * kernel)


middle = side // 2
for i in range(0, middle, 2):
    print(f"window at row {i:2}: {one_window(image, kernel, i, middle):+.2f}")

# %% [markdown]
# **A question.** What is the answer where the whole window has the same grey? And where is it large and positive, where
# large and negative?

# %% [markdown]
# **The answer.** In an even region it is zero: the weights add up to zero. It is positive where it is darker below than
# above, where ink *begins* on the way down, and negative where ink ends. This kernel finds horizontal edges.
#
# ## All windows
#
# Do it at every place, and the answers make up a new image, the **feature map**. With a kernel $W$ of size $s$,
#
# $$
# y_{ij} = b + \sum_{k=0}^{s-1} \sum_{l=0}^{s-1} x_{i+k,\, j+l} \, W_{kl}
# $$


# %%
def convolve(image, kernel):
    rows, columns = image.shape[0] - kernel.shape[0] + 1, image.shape[1] - kernel.shape[1] + 1
    return np.array([[one_window(image, kernel, i, j) for j in range(columns)] for i in range(rows)])


kernels = {"horizontal edges": kernel, "vertical edges": kernel.T, "average": np.full((3, 3), 1 / 9)}
figure, axes = plt.subplots(1, 4, figsize=(10.5, 3))
axes[0].imshow(image, cmap="gray_r")
axes[0].set_title("the image", fontsize=11)
for ax, (name, some) in zip(axes[1:], kernels.items(), strict=True):
    look = {"cmap": "RdBu_r", "vmin": -3, "vmax": 3} if some.min() < 0 else {"cmap": "gray_r"}
    ax.imshow(convolve(image, some), **look)
    ax.set_title(name, fontsize=11)
for ax in axes:
    ax.set_axis_off()
figure.tight_layout()
plt.show()

# %% [markdown]
# Red is positive, blue is negative. The bar of the 7 has a red upper edge and a blue lower one. The kernel turned by a
# quarter finds the edges of its stem. A kernel of equal weights blurs.
#
# These three we thought up. A **convolutional layer** learns its kernels. It has several, so its output is an image
# with several channels, and each kernel of the next layer looks at all channels at once. `nn.Conv2D` computes the
# same as our loops:

# %%
layer = nn.Sequential([nn.Conv2D(1, 3)], input_shape=(side, side, 1), dtype="float64")
layer.layers[0].W = kernel[:, :, None, None]  # (height, width, channels, kernels)
by_layer = layer.forward(image[None, :, :, None])[0, :, :, 0]
print("the largest difference to our loops:", np.abs(by_layer - convolve(image, kernel)).max())
assert np.allclose(by_layer, convolve(image, kernel))

# %% [markdown]
# And the way back? Each weight of the kernel is used in every window. So its slope is the sum over all windows: its
# input there, times the slope of that output. **A weight that is used many times gets the sum of its slopes.**
# Nothing else is new ([convolution and its two gradients](../derivations/convolution.md), derived). Check it on one
# weight:

# %%
rng = np.random.default_rng(0)
dy = rng.normal(size=by_layer.shape)
layer.forward(image[None, :, :, None])
layer.backward(dy[None, :, :, None])
places = [(i, j) for i in range(dy.shape[0]) for j in range(dy.shape[1])]
by_hand = sum(image[i + 2, j + 1] * dy[i, j] for i, j in places)
print(f"slope of the weight in row 2, column 1: {by_hand:.6f} by hand, {layer.layers[0].dW[2, 1, 0, 0]:.6f}")
assert np.isclose(by_hand, layer.layers[0].dW[2, 1, 0, 0])

# %% [markdown]
# **A question.** From an image of 28 × 28 a kernel of 3 × 3 makes one of 26 × 26. How many weights does that take?
# And how many would a dense layer need for as many outputs?

# %% [markdown]
# **The answer.** 9 weights and a bias, against $784 \cdot 676 = 529{,}984$ weights. Two ideas save that much: each
# output sees a small window only, and all windows share their weights. Both are knowledge about images: what belongs
# together lies together, and an edge is an edge wherever it is.
#
# ## A small network
#
# Two convolutions. After each, a ReLU, and then **max-pooling**: of every 2 × 2 numbers the largest stays, so the image
# becomes half as wide, and a stroke may move by a pixel without much changing
# ([pooling, derived](../derivations/pooling.md)). In the end a dense layer reads the ten
# digits off.
#
# Beside it stands an ordinary network with one hidden layer, as wide as the same number of parameters allows.

# %%
size = 5 if side == 28 else 3


def convolutional():
    return [
        nn.Reshape((side, side, 1)),
        *[nn.Conv2D(8, size, padding="same"), nn.ReLU(), nn.MaxPool2D(2)],
        *[nn.Conv2D(16, size, padding="same"), nn.ReLU(), nn.MaxPool2D(2)],
        *[nn.Flatten(), nn.Dense(10)],
    ]


count = len(nn.Sequential(convolutional(), input_shape=side * side).parameters)
units = round((count - 10) / (side * side + 11))


def dense():
    return [nn.Dense(units), nn.ReLU(), nn.Dense(10)]


print(nn.Sequential(convolutional(), input_shape=side * side).summary())
print(
    f"dense: {len(nn.Sequential(dense(), input_shape=side * side).parameters)} parameters, {units} hidden neurons"
)

# %% [markdown]
# We train on a part of the images only, each network with two seeds.

# %%
rows = 4000
epochs = 5 if data.name == "mnist" else 30
cross_entropy = nn.SoftmaxCrossEntropy()
networks, scores = {}, {"dense": [], "convolutional": []}
for name, layers in (("dense", dense), ("convolutional", convolutional)):
    for seed in range(2):
        network = nn.Sequential(layers(), input_shape=side * side, seed=seed)
        nn.fit(
            network,
            cross_entropy,
            nn.Adam(nn.CosineDecay(5e-3)),
            data.x_train[:rows],
            data.y_train[:rows],
            epochs=epochs,
            batch_size=64,
            seed=seed,
            progress=False,
        )
        scores[name].append(nn.evaluate(network, cross_entropy, data.x_test, data.y_test)[1])
        print(f"{name:14} seed {seed}: right for {scores[name][-1]:.2%} of the test images")
    networks[name] = network
wrong = {name: 1 - np.mean(shares) for name, shares in scores.items()}
print(
    f"for one mistake of the convolutional network the dense one makes {wrong['dense'] / wrong['convolutional']:.1f}"
)
assert min(scores["convolutional"]) > max(scores["dense"])
assert data.name != "mnist" or (
    min(scores["convolutional"]) > 0.95 and wrong["dense"] > 2 * wrong["convolutional"]
)

# %% [markdown]
# As many parameters, trained on the same images, and far fewer mistakes. To be fair: the convolutional network computes
# much more, for every weight is used at hundreds of places. Parameters were equal; work was not.
#
# ## What it has learned
#
# The eight kernels of the first layer, and below each its feature map: what it makes of one image, after the ReLU.

# %%
network = networks["convolutional"]
first = network.layers[1]
chosen = data.x_test[:1]
activations = []
x = network.to_input(chosen)
for layer in network.layers:
    x = layer.forward(x)
    activations.append(x.copy())

W = first.W[:, :, 0, :]
largest = np.abs(W).max()
figure, axes = plt.subplots(2, 9, figsize=(11, 2.9))
axes[0, 0].imshow(chosen.reshape(data.image_shape), cmap="gray_r")
for k in range(8):
    axes[0, k + 1].imshow(W[:, :, k], cmap="RdBu_r", vmin=-largest, vmax=largest)
    axes[1, k + 1].imshow(activations[2][0, :, :, k], cmap="gray_r", vmin=0)
for ax in axes.flat:
    ax.set_axis_off()
figure.suptitle("the image; the kernels; what each of them finds", fontsize=11)
figure.tight_layout()
plt.show()
assert (activations[2] >= 0).all()

# %% [markdown]
# The kernels are hard to read: they began as noise, and much of it is still there. Their maps are easier. Most answer
# to edges of some direction, and some to the stroke as a whole. Nobody told them to. It came out of "what was said
# minus what was right".
#
# After the second layer the maps are coarse: sixteen small images that say where in the digit which piece is. The dense
# layer reads the digit off these.

# %%
figure, axes = plt.subplots(2, 8, figsize=(9.5, 2.7))
for k, ax in enumerate(axes.flat):
    ax.imshow(activations[6][0, :, :, k], cmap="gray_r", vmin=0)
    ax.set_axis_off()
figure.suptitle("the sixteen maps after the second pooling", fontsize=11)
figure.tight_layout()
plt.show()

# %% [markdown]
# ## What the windows are good for
#
# **A question.** Move all test images to the right by a few pixels. Which of the two networks suffers more?

# %%
some = slice(None, None, 1 + len(data.x_test) // 2000)  # enough images to see the curve
images, labels = data.x_test[some].reshape(-1, side, side), data.y_test[some]
shifts = range(0, side // 5 + 1)
after = {name: [] for name in networks}
for shift in shifts:
    moved = np.zeros_like(images)
    moved[:, :, shift:] = images[:, :, : side - shift]
    for name, network in networks.items():
        moved_rows = moved.reshape(len(moved), -1)
        after[name].append(nn.evaluate(network, cross_entropy, moved_rows, labels)[1])

figure, ax = plt.subplots(figsize=(6.5, 3.8))
for k, (name, shares) in enumerate(after.items()):
    ax.plot(shifts, shares, "os"[k] + "-", color=f"C{k}", label=name)
ax.set(xlabel="moved to the right by so many pixels", ylabel="right", ylim=(0, 1.03))
ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
ax.legend(frameon=False)
figure.tight_layout()
plt.show()
lost = {name: shares[0] - shares[min(2, len(shares) - 1)] for name, shares in after.items()}
assert data.name != "mnist" or lost["convolutional"] < lost["dense"]

# %% [markdown]
# **The answer.** The dense one. To it a shifted image is another one altogether. The convolution finds the same edges
# two pixels further on, and pooling forgives a little. But not everything: the last layer is dense, and it has
# learned where the pieces use to be. Augmentation, from [the last tutorial](06_making_it_generalise.ipynb), teaches
# the rest.
#
# ## What you now know
#
# - A convolution is one small weighted sum, at every place. A dense layer with most weights zero, and the others
#   shared.
# - A shared weight gets the sum of the slopes of its uses.
# - Kernels of a first layer turn to edges and strokes by themselves. Later layers put the pieces together.
# - It helps because it is true of images. On data without neighbourhood, it would not.
#
# ## Try it yourself
#
# 1. Shuffle the pixels: `data.x_train[:, np.random.default_rng(0).permutation(side * side)]`, and the test images in
#    the same way. What happens to the two networks?
# 2. Leave out the pooling. How many parameters does the last layer need now?
# 3. Write the kernel that finds strokes from lower left to upper right.
# 4. Add `augment=nn.Augment(shift=2, image_shape=data.image_shape)` to `nn.fit`, and look at the curve again.
#
# `tinynn train --list` shows larger networks with known results; [what they reach](../results/recipes.md) is written
# down.
#
# Next: [uncertainty](08_uncertainty.ipynb).
