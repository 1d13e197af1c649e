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


STOPS = """
    import sys
    import numpy as np

    class Fine:
        def forward(self, x):
            return 2 * x

        def backward(self, dy):
            return 2 * dy

    class Stops:
        def __init__(self):
            {init}

        def forward(self, x):
            {forward}
            return x

        def backward(self, dy):
            {backward}
            return dy
"""


@pytest.mark.parametrize("place", ["init", "forward", "backward"])
@pytest.mark.parametrize(
    "stop", ["exit()", "sys.exit(0)", "raise GeneratorExit", "raise type('Stop', (BaseException,), {{}})"]
)
def test_code_that_exits_fails_and_does_not_end_the_checker(write, capsys, place, stop):
    path = write(
        STOPS.format(**{"init": "pass", "forward": "pass", "backward": "pass", place: stop.format()})
    )
    assert run(path, json=True) == 1
    data = json.loads(capsys.readouterr().out)
    assert data["reports"][0]["ok"]
    told = json.dumps(data["unchecked"]) + json.dumps(data["reports"][1:])
    assert "raised" in told
    assert {"exit()": "SystemExit", "sys.exit(0)": "SystemExit"}.get(stop, "") in told


def test_a_file_that_stops_at_its_top_level_says_so(write, capsys):
    for text in ("class Stop(BaseException): pass\nraise Stop('now')\n", "raise KeyboardInterrupt\n"):
        assert run(write(text), json=True) == 2
        assert json.loads(capsys.readouterr().out)["problem"]


def test_text_that_cannot_be_encoded_is_still_printed(write, capsys):
    path = write(STOPS.format(init="pass", forward="raise ValueError('\\udc80')", backward="pass"))
    assert run(path, json=True) == 1
    text = capsys.readouterr().out
    text.encode("utf-8")
    assert json.loads(text)["reports"][0]["ok"]


@pytest.mark.parametrize("returned", ["None", "()", "[]", "3", "Odd"])
def test_an_example_that_is_no_layer_is_refused(write, capsys, returned):
    text = f"""
        class Odd:
            @staticmethod
            def example():
                return {returned}

            def forward(self, x):
                return x

            def backward(self, dy):
                return dy
    """
    assert run(write(text), json=True) == 1
    assert "example() returned" in json.loads(capsys.readouterr().out)["unchecked"]["Odd"]


BASES = """
    import abc

    class Abstract(abc.ABC):
        @abc.abstractmethod
        def forward(self, x): ...

        @abc.abstractmethod
        def backward(self, dy): ...

    class Promise:
        def forward(self, x):
            raise NotImplementedError

        def backward(self, dy):
            raise NotImplementedError("later")

    class Layer:
        def forward(self, x):
            pass

        def backward(self, dy):
            '''Return dx.'''

    class Activation(Layer):
        def __init__(self, f, df):
            self.f, self.df = f, df

        def forward(self, x):
            self.x = x
            return self.f(x)

        def backward(self, dy):
            return dy * self.df(self.x)

    class Square(Activation):
        def __init__(self):
            super().__init__(lambda x: x**2, lambda x: 2 * x)

    class Net:
        def __init__(self, layers):
            self.layers = layers

        def forward(self, x):
            for layer in self.layers:
                x = layer.forward(x)
            return x

        def backward(self, dy):
            for layer in reversed(self.layers):
                dy = layer.backward(dy)
            return dy

    class Trainer:
        def __init__(self, net, opt):
            self.net, self.opt = net, opt

        def forward(self, x):
            return self.net.forward(x)

        def backward(self, dy):
            return self.net.backward(dy)
"""


def test_base_classes_and_containers_are_skipped_with_a_note(write, capsys):
    path = write(BASES)
    report = check_file(path)
    assert [r.title for r in report.reports] == ["Square"]
    assert not report.unchecked
    assert list(report.skipped) == ["Abstract", "Promise", "Layer", "Activation", "Net", "Trainer"]
    assert run(path) == 0
    assert "Net: skipped" in capsys.readouterr().out


def test_an_empty_method_is_skipped_only_where_another_class_fills_it(write):
    text = textwrap.dedent(BASES).replace("2 * x)", "3 * x)")  # a mistake in a derived class is still found
    assert check_file(write(text)).exit_code == 1
    unfinished = textwrap.dedent(RIGHT) + "\nclass Later:\n    def forward(self, x): pass\n"
    assert check_file(write(unfinished + "    def backward(self, dy): pass\n")).exit_code == 1
    wrong_base = textwrap.dedent(WRONG) + "\nclass Derived(Dense): pass\n"
    assert "Dense" in [r.title for r in check_file(write(wrong_base)).reports if not r.ok]


CLIPPED = {
    "both": "np.clip(p, 1e-7, 1 - 1e-7)",
    "below": "np.maximum(p, 1e-12)",
    "coarse": "np.clip(p, 0.01, 0.99)",
}


@pytest.mark.parametrize(
    ("clip", "focal"),
    [(clip, focal) for clip in CLIPPED for focal in (False, True) if (clip, focal) != ("coarse", True)],
)
def test_a_loss_that_clips_probabilities_is_given_probabilities(write, clip, focal):
    text = f"""
        import numpy as np

        class Clipped:
            def forward(self, p, t):
                self.p, self.t = {CLIPPED[clip]}, t
                return -(t * np.log(self.p)).sum() / len(p)

            def backward(self):
                return -self.t / self.p / len(self.p)
    """
    if focal:
        text = text.replace("(t * np", "(t * (1 - p) ** 2 * np").replace(
            "-self.t / self.p",
            "-self.t * ((1 - self.p) ** 2 / self.p - 2 * (1 - self.p) * np.log(self.p))",
        )
    report = check_file(write(text))
    assert report.exit_code == 0, str(report)
    wrong = check_file(write(text.replace(" / len(self.p)", ""), "wrong.py"))
    assert "missing-mean" in wrong.reports[0].codes


def test_a_loss_of_numbers_is_not_given_probabilities(write):
    text = """
        import numpy as np

        class Huber:
            def forward(self, y, t):
                self.e = y - t
                a = np.abs(self.e)
                return np.where(a < 1, self.e**2 / 2, a - 0.5).mean()

            def backward(self):  # right for errors below 1 only
                return self.e / self.e.size
    """
    assert check_file(write(text)).exit_code == 1


def test_a_method_with_too_many_arguments_is_told_about_them(write, capsys):
    text = """
        class Step:
            def forward(self, x):
                return 2 * x

            def backward(self, dy, learning_rate):
                return 2 * dy
    """
    assert run(write(text)) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "Step.backward(dy, learning_rate)" in out
    assert "default value" in out
    assert "layers.py, line 6" in out
    assert "calling.py" not in out


def test_what_a_file_writes_past_print_does_not_get_into_the_json(write, capfd):
    text = "import os, sys\nos.write(1, b'raw')\nos.system('echo shell')\nsys.__stdout__.write('under')\n"
    assert run(write(text + textwrap.dedent(RIGHT)), json=True) == 0
    assert json.loads(capfd.readouterr().out)["ok"]


def test_a_file_in_which_nothing_could_be_tried_fails_with_the_reason(write, capsys):
    stops = "class Stops" + STOPS.split("class Stops")[1]
    path = write("    " + stops.format(init="exit()", forward="pass", backward="pass"))
    assert run(path, json=True) == 1
    data = json.loads(capsys.readouterr().out)
    assert not data["ok"]
    assert "SystemExit" in " ".join(data["unchecked"].values())


STYLES = """
    import numpy as np

    class Embedding:
        def __init__(self, rows, columns):
            self.E = np.random.default_rng(0).normal(size=(rows, columns))

        def forward(self, index):
            self.index = index
            return self.E[index]

        def backward(self, dy):
            self.dE = np.zeros_like(self.E)
            np.add.at(self.dE, self.index, dy)

    class WithoutBatch:
        def __init__(self):
            self.params = {"W": np.random.default_rng(0).normal(size=(9, 3))}
            self.grads = {}

        def forward(self, x):
            if x.ndim != 1:
                raise ValueError("one example only")
            self.x = x
            return self.params["W"].T @ x

        def backward(self, dy):
            self.grads["W"] = np.outer(self.x, dy)
            return self.params["W"] @ dy

    class Sequence:
        def forward(self, x):
            n, t, c = x.shape
            return np.cumsum(x, axis=1)

        def backward(self, dy):
            return np.cumsum(dy[:, ::-1], axis=1)[:, ::-1]

    class KerasSquare:
        def forward(self, y_true, y_pred):
            self.d = y_pred - y_true
            return (self.d**2).mean()

        def backward(self):
            return 2 * self.d / self.d.size
"""


def test_embeddings_sequences_single_examples_and_targets_first_are_tried(write):
    report = check_file(write(STYLES))
    assert report.exit_code == 0, str(report)
    assert [r.title for r in report.reports] == ["Embedding", "WithoutBatch", "Sequence", "KerasSquare"]
    assert [a.ok for a in report.audits] == [True]


def test_a_loss_with_its_gradient_and_a_layer_of_two_inputs_are_told_so(write):
    text = """
        class Both:
            def forward(self, p, t):
                return ((p - t) ** 2).mean(), 2 * (p - t) / p.size

            def backward(self): ...

        class Product:
            def forward(self, a, b):
                self.a, self.b = a, b
                return a * b

            def backward(self, dy):
                return dy * self.b, dy * self.a
    """
    report = check_file(write(text))
    assert report.exit_code == 1
    assert "Both.forward returned a tuple (number, array 6×5)" in report.unchecked["Both"]
    assert "a layer with two inputs" in report.unchecked["Product"]
