"""The same program with PyTorch."""

import sys


def main(folder: str, rows: int, threads: int) -> None:
    import numpy as np
    import torch
    from torch import nn

    from tests.benchmarks.programs.idx import load

    torch.set_num_threads(threads)
    pixels, labels = load(folder, "train")
    # Pixels stay bytes until a batch needs them, as is best for the memory of the process.
    x, y = torch.from_numpy(pixels[:rows].copy()), torch.from_numpy(labels[:rows].astype(np.int64))
    model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, fused=True)
    for batch in torch.randperm(len(x)).split(128):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[batch].float().mul_(1 / 255)), y[batch]).backward()
        optimizer.step()
    x_test, y_test = load(folder, "t10k")
    with torch.inference_mode():
        predicted = model(torch.from_numpy(x_test.astype(np.float32) / 255)).argmax(1).numpy()
    print(float((predicted == y_test).mean()))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
