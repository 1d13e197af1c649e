"""Make the model of gains that travels with the package: ``python -m tinyal.strategies.learned --out FILE``."""

import argparse
from pathlib import Path

import numpy as np

from tinyal.strategies.learned import GainModel, digits, mixture, play
from tinyal.strategies.learned.episodes import Lessons


def main() -> None:
    """Play episodes, learn from nine rounds of ten, and say how well the gains of the others are foretold."""
    parser = argparse.ArgumentParser(prog="python -m tinyal.strategies.learned", description=main.__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the model goes (.npz)")
    parser.add_argument(
        "--rounds", type=int, default=500, help="rounds to play (500), two seconds or so each"
    )
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    lessons = play((mixture, mixture, digits), options.rounds, seed=options.seed)
    print(f"{len(lessons.gains)} groups of {lessons.groups.shape[1]} rows")
    print(f"correlation with the gains of rounds not learned from: {held_out(lessons):.3f}")
    GainModel.fit(lessons.groups, lessons.gains, seed=options.seed).save(options.out)


def held_out(lessons: Lessons, seed: int = 0) -> float:
    """Return the correlation of predicted and real gains over every tenth round, learned from the others."""
    out = lessons.rounds % 10 == 9
    model = GainModel.fit(lessons.groups[~out], lessons.gains[~out], seed=seed)
    groups = lessons.groups[out]
    predicted = model.predict(groups.reshape(-1, groups.shape[2])).reshape(groups.shape[:2]).mean(axis=1)
    return float(np.corrcoef(predicted, lessons.gains[out])[0, 1])


if __name__ == "__main__":
    main()
