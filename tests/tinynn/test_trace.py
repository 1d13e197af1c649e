"""The ledger shows the numbers of a real pass, formulas that hold for them, and changes nothing."""

import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.mathtext import MathTextParser

import tinynn as nn
from tinynn import layers
from tinynn.layers.chain import walk
from tinynn.trace import Ledger, explain, explain_command
from tinynn.trace.formulas import FORMULAS
from tinynn.trace.numbers import block, number, summary
from tinynn.trace.tex import tex

IMAGE, ROW = (4, 5, 2), (4,)
LAYERS = {
    "Dense": (ROW, lambda: [nn.Dense(3)]),
    "Conv2D": (IMAGE, lambda: [nn.Conv2D(2, (2, 3), stride=(2, 1), padding=((1, 0), (0, 2)))]),
    "MaxPool2D": (IMAGE, lambda: [nn.MaxPool2D((2, 3), stride=1)]),
    "AveragePool2D": (IMAGE, lambda: [nn.AveragePool2D(2)]),
    "GlobalAveragePool2D": (IMAGE, lambda: [nn.GlobalAveragePool2D()]),
    "Flatten": (IMAGE, lambda: [nn.Flatten()]),
    "Reshape": (IMAGE, lambda: [nn.Reshape((8, 5))]),
    "BatchNorm": (ROW, lambda: [nn.BatchNorm()]),
    "LayerNorm": (IMAGE, lambda: [nn.LayerNorm()]),
    "Dropout": (ROW, lambda: [nn.Dropout(0.3)]),
    "Residual": (ROW, lambda: [nn.Residual([nn.Dense(4), nn.Residual([nn.Dense(4), nn.Tanh()])])]),
    "ReLU": (ROW, lambda: [nn.ReLU()]),
    "LeakyReLU": (ROW, lambda: [nn.LeakyReLU(0.2)]),
    "ELU": (ROW, lambda: [nn.ELU(0.7)]),
    "GELU": (ROW, lambda: [nn.GELU()]),
    "SiLU": (ROW, lambda: [nn.SiLU()]),
    "Softplus": (ROW, lambda: [nn.Softplus()]),
    "Sigmoid": (ROW, lambda: [nn.Sigmoid()]),
    "Tanh": (ROW, lambda: [nn.Tanh()]),
    "Softmax": (ROW, lambda: [nn.Softmax()]),
}
LOSSES = {
    "SoftmaxCrossEntropy": nn.SoftmaxCrossEntropy(),
    "SoftmaxCrossEntropy with weights": nn.SoftmaxCrossEntropy(0.1, [1.0, 2.0, 3.0]),
    "MeanSquaredError": nn.MeanSquaredError(),
    "BinaryCrossEntropy": nn.BinaryCrossEntropy(),
    "Huber": nn.Huber(0.4),
}
# The answers that Mazur's page prints.
MAZUR = (
    "0.593269992", "0.596884378", "0.751365070", "0.772928465", "0.298371109", "0.138498562", "−0.038098237",
)  # fmt: skip


def network(name, device="cpu", dtype="float64", seed=3):
    """The layer between two others, so that it has a dy and hands a dx on; with no parameter left at 0 or 1."""
    shape, make = LAYERS[name]
    net = nn.Sequential([nn.Tanh(), *make(), nn.Softplus()], shape, seed=seed, device=device, dtype=dtype)
    rng = np.random.default_rng(seed)
    values = rng.normal(size=net.parameters.shape)
    net.parameters[...] = net.backend.asarray(values, dtype=net.dtype)
    net.state[...] = net.backend.asarray(rng.uniform(0.5, 2, net.state.shape), dtype=net.dtype)
    return net, rng.normal(size=(3, *shape)), rng.uniform(size=(3, *net.output_shape))


def loss_case(name, dtype="float64"):
    net = nn.Sequential([nn.Dense(3)], (2,), seed=1, dtype=dtype)
    rng = np.random.default_rng(2)
    y = np.array([2, 0, 1, 2]) if "Softmax" in name else rng.integers(0, 2, (4, 3)) * 0.75
    return net, LOSSES[name], rng.normal(size=(4, 2)), y


def lines(ledger):
    return [(section.path, line) for section in ledger.sections() for line in section.lines]


# --- the numbers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_every_number_is_that_of_the_pass_to_the_bit(name, training, device):
    net, x, y = network(name, device, "float32")
    ledger = explain(net, nn.MeanSquaredError(), x, y, training=training)

    loss, host, passes = nn.MeanSquaredError(), net.backend.to_numpy, net.to_input(x)
    if training:
        net.step += 1
        for layer in walk(net.layers):
            layer.step = net.step
    shown = {"input.x": host(passes).copy()}
    for i, layer in enumerate(net.layers):
        passes = layer.forward(passes, training)
        shown[f"{i}.y"] = host(passes).copy()
    shown["loss.L"] = host(loss.forward(passes, net.backend.asarray(y, dtype=net.dtype)))
    dy = loss.backward()
    shown["loss.dy"] = host(dy).copy()
    for i, layer in reversed(list(enumerate(net.layers))):
        dy = layer.backward(dy)
        shown[f"{i}.dx"] = host(dy).copy()
    for i, layer in enumerate(net.layers):
        for parameter in layer.parameter_names:
            shown[f"{i}.{parameter}"] = host(getattr(layer, parameter))
            shown[f"{i}.d{parameter}"] = host(getattr(layer, f"d{parameter}"))
    for key, values in shown.items():
        assert type(ledger[key]) is np.ndarray
        assert ledger[key].dtype == np.float32
        if (
            net.backend.name == "fused"
        ):  # a kernel may add up in another order than the formulas of the ledger
            np.testing.assert_allclose(ledger[key], values, rtol=1e-5, atol=1e-6, err_msg=key)
        else:
            np.testing.assert_array_equal(ledger[key], values, err_msg=key)


@pytest.mark.parametrize("form", [str, Ledger.to_markdown, Ledger.to_html])
def test_mazurs_example_shows_the_numbers_that_his_page_prints(form):
    text = form(explain_command("mazur")).replace("-0.", "−0.")
    for value in MAZUR:
        assert re.search(rf"(?<![\d]){re.escape(value)}(?!\d)", text), value


@pytest.mark.parametrize("digits", [3, 6, 12])
def test_mazurs_numbers_come_with_as_many_digits_as_asked(digits):
    o = [0.7513650695523157, 0.7729284653214625]
    text = str(explain_command("mazur", digits=digits))
    for value in o:
        assert re.search(rf"(?<!\d){re.escape(f'{value:.{digits}f}')}(?!\d)", text)


def test_a_wrong_forward_shows_its_wrong_number_behind_the_right_inputs(monkeypatch):
    right = nn.Dense.forward

    def wrong(self, x, training=False):
        y = right(self, x, training)
        y[0, 0] = 7.25
        return y

    sound = explain_command("mazur")
    monkeypatch.setattr(nn.Dense, "forward", wrong)
    ledger = explain_command("mazur")
    assert ledger["0.y"][0, 0] == 7.25
    assert "y[0,0] = 0.05·0.15 + 0.1·0.2 + 0.35 = 7.25" in str(ledger)
    assert "y[0,0] = 1/(1 + exp(−7.25)) = 0.999290" in str(ledger)  # and what follows is computed from it
    assert "0.3775" not in str(ledger)
    assert "0.3775" in str(sound)


def test_a_wrong_backward_shows_its_wrong_number(monkeypatch):
    def wrong(self, dy, input_gradient=True):
        return dy * 2.0

    monkeypatch.setattr(nn.Sigmoid, "backward", wrong)
    ledger = explain_command("mazur")
    assert "dx[0,0] = 0.741365070·0.751365070·(1 − 0.751365070) = 1.482730139" in str(ledger)


def test_a_layer_that_overwrites_its_input_is_shown_with_what_it_was_given():
    class InPlace(nn.Layer):
        """y = −x, in x's own memory."""

        def forward(self, x, training=False):
            x *= -1
            return x

        def backward(self, dy, input_gradient=True):
            dy *= -1
            return dy

    net = nn.Sequential([nn.Tanh(), InPlace()], (2,), dtype="float64")
    ledger = explain(net, nn.MeanSquaredError(), [[1.0, 2.0]], [[0.0, 0.0]])
    np.testing.assert_array_equal(ledger["0.y"], np.tanh([[1.0, 2.0]]))
    np.testing.assert_array_equal(ledger["1.y"], -ledger["0.y"])
    np.testing.assert_array_equal(ledger["1.dx"], -ledger["loss.dy"])


# --- the formulas -----------------------------------------------------------------------------------------------


def evaluate(text):
    """What a learner with a pencil gets from the arithmetic between the equals signs."""
    text = text.replace("·", "*").replace("−", "-").replace("²", "**2").replace("≤", "<=")
    text = re.sub(r"\[([^\]]*)\]", r"(\1)", text)
    functions = {
        "exp": math.exp, "ln": math.log, "tanh": math.tanh, "max": max, "min": min,
        "σ": lambda x: 1 / (1 + math.exp(-x)),
        "Φ": lambda x: (1 + math.erf(x / math.sqrt(2))) / 2,
        "φ": lambda x: math.exp(-x * x / 2) / math.sqrt(2 * math.pi),
    }  # fmt: skip
    return eval(text, {"__builtins__": {}}, functions)


def check_arithmetic(ledger):
    """Each line of arithmetic names its element, gives the recorded number, and is right."""
    found = 0
    for path, line in lines(ledger):
        for text in line.arithmetic:
            left, right, *result = text.split(" = ")
            index = tuple(map(int, re.findall(r"\d+", left)))
            assert left.startswith(line.symbol)
            assert left == line.symbol + (f"[{','.join(map(str, index))}]" if index else "")
            recorded = line.values[index]
            assert number(recorded, ledger.digits) == (result or [right])[0]
            assert evaluate(right) == pytest.approx(recorded, rel=1e-8, abs=1e-10), (path, text)
            found += 1
    return found


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_the_arithmetic_of_every_layer_is_right(name, training):
    net, x, y = network(name)
    ledger = explain(net, nn.MeanSquaredError(), x, y, training=training, digits=12, limit=10**4)
    assert check_arithmetic(ledger)
    (section,) = (section for section in ledger.forward if section.path == "1")
    assert any(line.arithmetic for line in section.lines) or name in ("Flatten", "Reshape")
    for path, line in lines(ledger):
        if line.name in ("y", "L", "dy", "dx") or (line.name[0] == "d" and path != "loss"):
            assert line.formula, (path, line.name)


@pytest.mark.parametrize("name", LOSSES)
def test_the_arithmetic_of_every_loss_is_right(name):
    ledger = explain(*loss_case(name), digits=12, limit=1000)
    assert check_arithmetic(ledger) > 20
    by_name = {line.name: line for path, line in lines(ledger) if path == "loss"}
    assert by_name["L"].formula
    assert by_name["dy"].formula
    if "weights" not in name:
        assert by_name["L"].arithmetic
        assert len(by_name["dy"].arithmetic) == 12


def test_weighted_targets_are_those_that_the_loss_used():
    ledger = explain(*loss_case("SoftmaxCrossEntropy with weights"))
    p, q = ledger["loss.p"], ledger["loss.q"]
    np.testing.assert_allclose(p, nn.softmax(ledger["0.y"]))
    np.testing.assert_allclose(-(q * np.log(p)).sum(), ledger["loss.L"])
    np.testing.assert_allclose(p * q.sum(axis=1, keepdims=True) - q, ledger["loss.dy"])


@pytest.mark.parametrize(("name", "axis"), [("BatchNorm", 0), ("LayerNorm", -1)])
def test_what_normalisation_keeps_fits_its_formula(name, axis):
    net, x, y = network(name)
    ledger = explain(net, nn.MeanSquaredError(), x, y, training=True)
    x = ledger["0.y"]
    np.testing.assert_allclose(
        ledger["1.x̂"] * ledger["1.σ"], x - x.mean(axis=axis, keepdims=True), atol=1e-12
    )


def test_negative_terms_are_taken_away():
    net, x, y = network("Dense")
    text = str(explain(net, nn.MeanSquaredError(), x, y, limit=1000))
    assert " − 0." in text
    assert "+ −" not in text


def test_soft_targets_are_written_out_with_their_shares():
    net, loss, x, _ = loss_case("SoftmaxCrossEntropy")
    t = np.array([[0.2, 0.5, 0.3], [1, 0, 0], [0, 0.25, 0.75], [0, 0, 1]])
    ledger = explain(net, loss, x, t, digits=12, limit=100)
    assert check_arithmetic(ledger) > 10
    assert "0.25·ln(" in str(ledger)


def test_every_layer_and_loss_of_the_package_has_formulas():
    known = {name for name in layers.__all__ if name != "Layer"}
    assert known == set(LAYERS)
    assert known | set(LOSSES) <= set(FORMULAS)


def test_the_logarithm_of_a_probability_too_small_to_be_written_is_left_out():
    net = nn.Sequential([nn.Tanh()], (2,), dtype="float64")
    ledger = explain(net, nn.SoftmaxCrossEntropy(), [[1.0, 0.0]], [1])
    assert "ln(" in str(ledger)
    net = nn.Sequential([nn.Dense(2)], (2,), dtype="float64")
    net.layers[0].W[...] = [[1e4, 0], [0, 0]]
    ledger = explain(net, nn.SoftmaxCrossEntropy(), [[1.0, 0.0]], [1])
    assert ledger["loss.L"] == 1e4
    assert "ln(0)" not in str(ledger)


# --- layers that nobody knows -----------------------------------------------------------------------------------


class Doubling(nn.Layer):
    """y is twice x | with <b>`emphasis`</b> & $dollars$.

    More about it.
    """

    def initial_parameters(self, rng):
        return {"gain": np.array([2.0])}

    def forward(self, x, training=False):
        return x * self.gain

    def backward(self, dy, input_gradient=True):
        """dx is twice dy."""
        self.dgain[...] = 5
        return dy * self.gain


class Outspoken(nn.Layer):
    def __init__(self, words):
        self.words = words

    def forward(self, x, training=False):
        """y is x plus one."""
        return x + 1

    def backward(self, dy, input_gradient=True):
        return dy


class Silent(nn.Layer):
    def forward(self, x, training=False):
        return x + 1

    def backward(self, dy, input_gradient=True):
        return dy


class Renamed(nn.Dense):
    """A Dense layer by another name."""


class Changed(nn.Dense):
    """y = x W, and the bias is forgotten."""

    def forward(self, x, training=False):
        return super().forward(x, training) - self.b


class Dense(nn.Layer):
    """y = x, whatever its name says."""

    def forward(self, x, training=False):
        return x

    def backward(self, dy, input_gradient=True):
        return dy


class HalfSquare:
    """Half the sum of squares."""

    def __init__(self):
        self.difference = np.empty((1, 2))

    def forward(self, outputs, targets):
        np.subtract(outputs, targets, out=self.difference)
        return (self.difference**2).sum() / 2

    def backward(self):
        return self.difference


def section_of(ledger, path, direction="forward"):
    return next(section for section in getattr(ledger, direction) if section.path == path)


def test_an_unknown_layer_shows_name_shapes_numbers_and_its_docstring():
    net = nn.Sequential([Doubling(), Silent(), Outspoken("!")], (2,), dtype="float64")
    ledger = explain(net, HalfSquare(), [[1.5, 3.0]], [[0.0, 0.0]])
    gain, y = section_of(ledger, "0").lines
    assert (gain.name, gain.values.tolist()) == ("gain", [2.0])
    assert (y.formula, y.note) == ("", "y is twice x | with <b>`emphasis`</b> & $dollars$.")
    assert y.values.tolist() == [[3.0, 6.0]]
    dgain, dx = section_of(ledger, "0", "backward").lines
    assert (dgain.values.tolist(), dgain.note) == ([5.0], "")
    assert (dx.note, dx.values.tolist()) == ("dx is twice dy.", [[10.0, 16.0]])
    assert [line.note for line in section_of(ledger, "1").lines] == [""]  # not Layer's docstring
    assert [line.note for line in section_of(ledger, "2").lines] == ["y is x plus one."]
    text = str(ledger)
    assert "layer 0  Doubling()" in text
    assert "y: y is twice x | with <b>`emphasis`</b> & $dollars$." in text
    assert re.search(r"^loss  HalfSquare$", text, re.MULTILINE)
    assert "L: Half the sum of squares." in text
    assert ledger["loss.L"] == (5**2 + 8**2) / 2


def test_a_formula_is_shown_only_where_it_is_the_one_that_runs():
    def formulas(layer):
        net = nn.Sequential([layer], (2,), dtype="float64")
        ledger = explain(net, nn.MeanSquaredError(), [[1.0, 2.0]], np.zeros((1, *net.output_shape)))
        forward, backward = section_of(ledger, "0").lines, section_of(ledger, "0", "backward").lines
        return [(line.formula or line.note) for line in (forward[-1], backward[-1])]

    assert formulas(nn.Dense(2)) == ["y = x W + b", "dx = dy Wᵀ"]
    assert formulas(Renamed(2)) == ["y = x W + b", "dx = dy Wᵀ"]
    assert formulas(Changed(2)) == ["y = x W, and the bias is forgotten.", "dx = dy Wᵀ"]
    assert formulas(Dense()) == ["y = x, whatever its name says.", ""]


def test_chains_are_shown_inside_the_layer_that_holds_them():
    net, x, y = network("Residual")
    ledger = explain(net, nn.MeanSquaredError(), x, y)
    outer = section_of(ledger, "1")
    assert [part.path for part in outer.parts] == ["1.0", "1.1"]
    assert [part.path for part in outer.parts[1].parts] == ["1.1.0", "1.1.1"]
    np.testing.assert_array_equal(ledger["1.y"], ledger["0.y"] + ledger["1.1.y"])
    np.testing.assert_array_equal(ledger["1.1.y"], ledger["1.0.y"] + ledger["1.1.1.y"])
    np.testing.assert_array_equal(ledger["1.dx"], ledger["2.dx"] + ledger["1.0.dx"])
    text = str(ledger)
    assert "\n  │ layer 1.0  Dense(4)" in text
    assert "\n  │   │ layer 1.1.1  Tanh()" in text


def test_dropout_shows_the_mask_of_the_next_training_step():
    net, x, y = network("Dropout")
    net.step = 41
    ledger = explain(net, nn.MeanSquaredError(), x, y, training=True)
    net.forward(x, training=True)
    np.testing.assert_array_equal(ledger["1.m"], net.layers[1].mask)
    assert 0 < (ledger["1.m"] == 0).sum() < ledger["1.m"].size
    with pytest.raises(
        KeyError, match=r"1\.y"
    ):  # outside training there is none, and the error says what there is
        explain(net, nn.MeanSquaredError(), x, y)["1.m"]


# --- nothing else changes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Dense", "BatchNorm", "Dropout", "Residual", "Conv2D"])
def test_explaining_changes_nothing(name, device):
    net, x, y = network(name, device)
    loss = nn.MeanSquaredError()
    net.forward(x[:2], training=True)
    loss.forward(net.forward(x), net.backend.asarray(y))
    net.gradients.fill(3)

    def everything():
        host = net.backend.to_numpy
        return [host(vector).copy() for vector in (net.parameters, net.gradients, net.state, x, y)]

    before, step, dy = everything(), net.step, net.backend.to_numpy(loss.backward()).copy()
    for training in (False, True):
        explain(net, loss, x[::-1] * 2, y[::-1] * 3, training=training)
    for was, now in zip(before, everything(), strict=True):
        np.testing.assert_array_equal(was, now)
    assert net.step == step
    assert not any("forward" in vars(layer) or "backward" in vars(layer) for layer in walk(net.layers))
    # What layers and loss keep for their next backward is still theirs.
    np.testing.assert_array_equal(net.backend.to_numpy(loss.backward()), dy)
    dx = net.backend.to_numpy(net.backward(loss.backward()))
    other = net.copy()
    other.forward(x)
    np.testing.assert_array_equal(net.backend.to_numpy(other.backward(loss.backward())), dx)


def test_a_loss_of_ones_own_is_left_alone():
    loss, net = HalfSquare(), nn.Sequential([nn.Tanh()], (2,), dtype="float64")
    loss.forward(np.array([[3.0, 4.0]]), np.zeros((1, 2)))
    explain(net, loss, [[1.0, 2.0]], [[0.0, 0.0]])
    assert loss.backward().tolist() == [[3.0, 4.0]]


# --- how it looks -----------------------------------------------------------------------------------------------


def lenet():
    net = nn.Sequential(
        [
            nn.Reshape((28, 28, 1)), nn.Conv2D(6, 5, padding="same"), nn.Tanh(), nn.AveragePool2D(),
            nn.Conv2D(16, 5), nn.Tanh(), nn.AveragePool2D(), nn.Flatten(),
            nn.Dense(120), nn.Tanh(), nn.Dense(84), nn.Tanh(), nn.Dense(10),
        ],
        (784,),
    )  # fmt: skip
    x = np.random.default_rng(0).integers(0, 256, (32, 784), dtype=np.uint8)
    return explain(net, nn.SoftmaxCrossEntropy(), x, np.arange(32) % 10)


def test_a_large_network_is_summed_up_in_a_short_text():
    ledger = lenet()
    text = str(ledger).splitlines()
    assert 100 < len(text) < 200
    assert max(map(len, text)) <= 80
    assert "      min 0   max 1   mean 0.5" in "\n".join(text)
    assert not any(line.arithmetic for _, line in lines(ledger) if line.values.size > ledger.limit)
    assert len(ledger.to_markdown()) < 20_000
    assert len(ledger.to_html()) < 30_000


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("digits", [1, 4, 9])
def test_text_fits_a_terminal_of_80_columns(name, digits):
    net, x, y = network(name)
    ledger = explain(net, nn.MeanSquaredError(), x, y, digits=digits, training=True)
    for line in str(ledger).splitlines():
        assert len(line.replace("\u0302", "")) <= 80 or line.rstrip().endswith(")"), line
        assert line == line.rstrip()


def test_limit_decides_what_is_small():
    net, x, y = network("Dense")
    small = explain(net, nn.MeanSquaredError(), x, y, limit=12)
    assert "min " in str(explain(net, nn.MeanSquaredError(), x, y, limit=11))
    assert "min " not in str(small)
    # 3 × 3 elements of 4 products and a bias each are too many to write out: the first stands for all.
    y_line = section_of(small, "1").lines[-1]
    assert len(y_line.arithmetic) == 1
    assert len(section_of(explain(net, nn.MeanSquaredError(), x, y, limit=81), "1").lines[-1].arithmetic) == 9


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen, self.text = [], set(), ""

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("case", ["mazur", "lenet", "unknown", "nested"])
def test_html_is_well_formed_escaped_and_without_script(case):
    ledger = ledger_of(case)
    tags = Tags()
    tags.feed(ledger.to_html())
    tags.close()
    assert tags.open == []
    assert tags.seen <= {
        "div",
        "style",
        "p",
        "br",
        "strong",
        "section",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "pre",
    }
    for _, line in lines(ledger):
        assert line.formula in tags.text
        assert line.note in tags.text
        assert all(text in tags.text for text in line.arithmetic)
    assert ledger._repr_html_() == ledger.to_html()


def ledger_of(case):
    if case == "unknown":
        net = nn.Sequential([Doubling(), Outspoken("<i>`|")], (2,), dtype="float64")
        return explain(net, HalfSquare(), [[1.5, 3e-9]], [[0.0, 0.0]])
    if case == "nested":
        net, x, y = network("Residual")
        return explain(net, nn.Huber(), x, y)
    return lenet() if case == "lenet" else explain_command(case)


MATHEMATICS = MathTextParser("path")


def check_tex(text):
    assert text.isascii(), text
    MATHEMATICS.parse(f"${text.replace(chr(92) + 'gt', '>').replace(chr(92) + 'lt', '<')}$")


@pytest.mark.parametrize("name", FORMULAS)
def test_every_formula_has_tex(name):
    for rule in FORMULAS[name]:
        check_tex(tex(rule.text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("db = Σ dy over rows", r"db = \sum dy\text{ over rows}"),
        ("running_mean", r"\text{running mean}"),
        ("dx[0,1] = 2·(−1.5e−12) = −3e−12", r"dx_{0,1} = 2 \cdot (-1.5 \cdot 10^{-12}) = -3 \cdot 10^{-12}"),
        ("x̂ = (x − mean(x))/√(σ²)", r"\hat{x} = (x - \text{mean}(x))/\sqrt{\sigma ^2}"),
    ],
)
def test_how_tex_is_written(text, expected):
    assert tex(text) == expected


@pytest.mark.parametrize("case", ["mazur", "softmax", "lenet", "unknown", "nested"])
def test_markdown_has_well_formed_tables_and_mathematics(case):
    ledger = ledger_of(case)
    paragraphs = ledger.to_markdown().split("\n\n")
    tables = [part.splitlines() for part in paragraphs if part.startswith("|")]
    assert len(tables) == len(list(ledger.sections()))
    for head, rule, *body in tables:
        assert head == "| | shape | numbers |"
        assert rule == "|:---|:---|:---|"
        for row in body:
            bare = re.sub(r"\\.", "", row)
            assert len(re.findall(r"\|", bare)) == 4, row
            assert bare.count("`") % 2 == 0
            assert bare.count("$") == 2
    mathematics = re.findall(r"(?<!\\)\$(.*?)(?<!\\)\$", ledger.to_markdown())
    assert len(mathematics) == sum(1 + len(line.arithmetic) for _, line in lines(ledger))
    for text in mathematics:
        check_tex(text)
    assert not any(part.startswith("#") for part in paragraphs)  # it fits below any heading


def test_a_docstring_cannot_break_out_of_markdown_or_html():
    ledger = ledger_of("unknown")
    assert "<b>" not in ledger.to_html()
    assert "<i>" not in ledger.to_html()
    assert "[0.75 &gt; 0]" in explain_command("softmax", digits=3).to_html()
    markdown = ledger.to_markdown()
    assert "*layer 1* `Outspoken('<i>'∣')`" in markdown
    assert r"y is twice x \| with \<b\>\`emphasis\`\</b\> \& \$dollars\$." in markdown


# --- numbers as text --------------------------------------------------------------------------------------------


@given(st.floats(-1e300, 1e300), st.integers(1, 15))
def test_a_number_is_within_half_of_its_last_digit(value, digits):
    text = number(np.float64(value), digits).replace("−", "-")
    mantissa, _, power = text.partition("e")
    unit = 10.0 ** (int(power or 0) - len(mantissa.partition(".")[2]))
    assert abs(float(text) - value) <= 0.5000001 * max(unit, 10.0**-digits) or float(text) == value
    assert abs(float(text) - value) <= 0.5 * 10.0**-digits * max(1, 10 * abs(value)) * 1.000001
    if value:
        assert float(text) != 0 or digits == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1 + 0.2, "0.3"),
        (0.05 * 0.25 + 0.1 * 0.3 + 0.35, "0.3925"),  # a bit below
        (1 / 3, "0.333333"),
        (np.float32(0.1), "0.1"),
        (np.float32(-1.16898041), "−1.168980"),  # no short number, only few bits
        (2e-5 / 3, "6.66667e−6"),
        (0.0, "0"),
        (-0.0, "0"),
        (-2.0, "−2"),
        (1e7 / 3, "3.33333e6"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, "nan"),
        (7, "7"),
        (True, "1"),
    ],
)
def test_how_numbers_are_written(value, text):
    assert number(value, 6) == text


def test_decimal_points_stand_below_each_other_and_images_say_where_they_are():
    assert block(np.array([[1.5, -20.0], [0.25, 3.0]]), 6, 80) == ["  1.5    −20", "  0.25     3"]
    cube = np.arange(8.0).reshape(2, 2, 2)
    assert block(cube, 6, 80) == ["[0,0]  0   1", "[0,1]  2   3", "[1,0]  4   5", "[1,1]  6   7"]
    assert block(cube[..., None], 6, 80) == block(cube, 6, 80)
    assert block(np.array(0.5), 6, 80) == ["0.5"]
    assert block(np.arange(4.0), 6, 6) == ["0   1", "  2   3"]


def test_a_summary_survives_what_is_not_finite_and_what_is_huge():
    text = summary(np.array([np.nan, -np.inf, 0.0, 0.0, 3.0, 4.0]), 6)
    assert text == "NaN or ∞ in 2 of 6 places   min 0   max 4   mean 1.75   zeros 50%   norm 5"
    assert summary(np.full(3, np.nan), 6) == "NaN or ∞ in 3 of 3 places"
    assert "norm 1.414e200" in summary(np.array([1e200, -1e200]), 6)
    assert summary(np.array([3, -4]), 6) == "min −4   max 3   mean −0.5   zeros 0%   norm 5"


def test_a_diverged_network_is_explained_all_the_same():
    net, x, y = network("Dense")
    net.layers[1].W[0, 0] = np.nan
    text = str(explain(net, nn.MeanSquaredError(), x, y, limit=4))
    assert "NaN or ∞ in" in text


# --- what is asked for wrongly ----------------------------------------------------------------------------------


def test_errors_say_what_is_wrong():
    net, x, y = network("Dense")
    with pytest.raises(ValueError, match="digits must be at least 1, not 0"):
        explain(net, nn.MeanSquaredError(), x, y, digits=0)
    with pytest.raises(ValueError, match="limit must be at least 1, not 0"):
        explain(net, nn.MeanSquaredError(), x, y, limit=0)
    with pytest.raises(ValueError, match="x must have shape"):
        explain(net, nn.MeanSquaredError(), x[:, :2], y)
    with pytest.raises(ValueError, match="targets must have the shape of the outputs"):
        explain(net, nn.MeanSquaredError(), x, y[:2])
    with pytest.raises(ValueError, match="no example 'monet'; there are mazur, softmax"):
        explain_command("monet")
    with pytest.raises(KeyError, match=r"it has input\.x, 0\.W"):
        explain_command("mazur")["0.Q"]
