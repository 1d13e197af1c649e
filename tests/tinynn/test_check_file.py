"""`tinynn check FILE`: finds what a file defines, says what is wrong, and never falls over it."""

import json
import textwrap

import pytest

from tinynn.check_file import check_file, run

RIGHT = """
    import numpy as np
    import tinynn as nn

    class Dense:
        def __init__(self, inputs, outputs):
            self.W, self.b = np.random.default_rng(0).normal(size=(inputs, outputs)), np.zeros(outputs)

        def forward(self, x):
            self.x = x
            return x @ self.W + self.b

        def backward(self, dy):
            self.dW, self.db = self.x.T @ dy, dy.sum(axis=0)
            return dy @ self.W.T

    class Mine(nn.Tanh):
        pass

    class CrossEntropy:
        def forward(self, p, labels):
            self.p, self.labels = p, labels
            return -np.mean(np.log(p[np.arange(len(p)), labels]))

        def backward(self):
            dp, rows = np.zeros_like(self.p), np.arange(len(self.p))
            dp[rows, self.labels] = -1 / self.p[rows, self.labels] / len(self.p)
            return dp
"""
WRONG = (
    RIGHT.replace("dy.sum(axis=0)", "dy")
    .replace(" / len(self.p)", "")
    .replace("pass", "backward = lambda s, dy, input_gradient=True: dy")
)


@pytest.fixture
def write(tmp_path):
    def put(text, name="layers.py"):
        path = tmp_path / name
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    return put


def test_a_right_file_passes(write, capsys):
    assert run(write(RIGHT)) == 0
    out = capsys.readouterr().out
    assert "4 of 4 checks passed" in out
    assert max(len(line) for line in out.splitlines()[:-1]) <= 80


def test_a_wrong_file_is_told_what_is_wrong(write, capsys):
    path = write(WRONG)
    assert run(path) == 1
    out = capsys.readouterr().out
    for code in ("unsummed-bias", "missing-activation-derivative", "missing-mean"):
        assert code in out


def test_json_is_json_even_if_the_file_prints(write, capsys):
    assert run(write("print('hello')\n" + textwrap.dedent(WRONG)), json=True) == 1
    data = json.loads(capsys.readouterr().out)
    assert [r["title"] for r in data["reports"]] == ["Dense", "Mine", "CrossEntropy"]
    assert data["reports"][0]["diagnoses"][0]["code"] == "unsummed-bias"
    assert data["audits"][0]["ok"]
    assert data["ok"] is False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("class A:\n    def forward(self x): pass\n", "line 2"),
        ("x = 1\n", "no layer and no loss"),
        ("import nowhere_to_be_found\n", "No module named"),
        ("\n1 / 0\n", "line 2: ZeroDivisionError"),
        ("raise SystemExit\n", "SystemExit"),
        ("x = '\0'\n", "null bytes"),
        ("", "no layer and no loss"),
    ],
)
def test_an_unusable_file_says_why(write, capsys, text, said):
    path = write(text)
    assert run(path) == 2
    out = capsys.readouterr().out
    assert said in out
    assert "Traceback" not in out
    assert run(path, json=True) == 2
    assert said in json.loads(capsys.readouterr().out)["problem"]


def test_a_missing_file_and_a_directory(tmp_path):
    assert check_file(tmp_path / "none.py").exit_code == 2
    assert check_file(tmp_path).problem == "it is a directory"


PICKY = """
    import numpy as np

    class Picky:
        def __init__(self, config):
            self.slope = config["slope"]

        def forward(self, x):
            if x.shape != (3, 11):
                raise ValueError("I take (3, 11)")
            return self.slope * x

        def backward(self, dy):
            return self.slope * dy
"""


def test_a_class_that_cannot_be_guessed_says_what_to_add(write, capsys):
    path = write(PICKY + textwrap.indent("\nclass _Private(Picky): pass\n", "    "))
    assert run(path) == 2
    out = capsys.readouterr().out
    assert "def example()" in out
    assert "_Private" not in out


@pytest.mark.parametrize(
    "more",
    [
        "@staticmethod\n        def example():\n            return Picky({'slope': 2.0}), np.random.rand(3, 11)\n",
        "@classmethod\n        def example(cls):\n            return cls({'slope': 2.0}), np.random.rand(3, 11)\n",
    ],
)
def test_an_example_says_how_to_check(write, more):
    assert check_file(write(f"{PICKY}\n        {more}")).exit_code == 0


def test_an_object_at_the_top_level_is_checked(write):
    text = PICKY.replace("x.shape != (3, 11)", "False") + "\n    one = Picky({'slope': 2.0})\n"
    report = check_file(write(text))
    assert report.exit_code == 0
    assert len(report.reports) == 1


def test_a_layer_that_raises_is_a_failure_and_no_traceback(write, capsys):
    text = """
        class Broken:
            def forward(self, x):
                return 2 * x

            def backward(self, dy):
                return dy.no_such_thing

        class Worse:
            def forward(self, x):
                raise RuntimeError("worse")

            def backward(self, dy):
                return dy
    """
    assert run(write(text)) == 1
    out = capsys.readouterr().out
    assert "no_such_thing" in out
    assert "layers.py, line 7" in out
    assert "worse" in out
    assert "Traceback" not in out


def test_an_image_layer_finds_its_shape(write):
    text = """
        class Pool:
            def forward(self, x):
                n, height, width, channels = x.shape
                self.shape = n, height // 2, 2, width // 2, 2, channels
                return x.reshape(self.shape).mean(axis=(2, 4))

            def backward(self, dy):
                import numpy as np
                dx = np.broadcast_to(dy[:, :, None, :, None] / 4, self.shape)
                n, height, _, width, _, channels = self.shape
                return dx.reshape(n, 2 * height, 2 * width, channels)
    """
    assert check_file(write(text)).exit_code == 0


def test_what_could_not_be_tried_does_not_count_as_right(write):
    report = check_file(write(RIGHT + PICKY))
    assert list(report.unchecked) == ["Picky"]
    assert all(r.ok for r in report.reports)
    assert report.exit_code == 1
