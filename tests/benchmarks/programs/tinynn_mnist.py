"""A whole program with tinynn: load MNIST, train one epoch, print the test accuracy."""

import sys


def main(rows: int) -> None:
    import tinynn as nn

    data = nn.datasets.load("mnist", download=False)
    x, y = data.x_train[:rows], data.y_train[:rows]
    layers = [nn.Dense(128), nn.ReLU(), nn.Dense(64), nn.ReLU(), nn.Dense(10)]
    model = nn.Classifier(layers, epochs=1, batch_size=128)
    print(model.fit(x, y).score(data.x_test, data.y_test))


if __name__ == "__main__":
    main(int(sys.argv[2]))
