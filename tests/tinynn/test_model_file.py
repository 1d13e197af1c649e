"""Files of networks: what was saved comes back to the bit, and nothing else in a file does anything."""

import io
import json
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinynn as nn
from tests.tinynn.test_gradients import LAYERS
from tinynn import layers as own
from tinynn import snapshot
from tinynn.layers.chain import walk

DTYPES = ["float32", "float64", "complex128"]


def block(depth, inner=nn.Tanh):
    return nn.Residual([block(depth - 1, inner)]) if depth else inner()


def small(device="cpu"):
    layers = [nn.Dense(4), nn.BatchNorm(), nn.Residual([nn.Dense(4, "lecun"), nn.Dropout(0.3)]), nn.Dense(2)]
    return nn.Sequential(layers, (3,), seed=5, device=device)


def same(net, other):
    ours, theirs = snapshot.take(net), snapshot.take(other)
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        if isinstance(value, np.ndarray):
            assert value.dtype == theirs[name].dtype, name
            assert value.tobytes() == theirs[name].tobytes(), name
        else:
            assert repr(value) == repr(theirs[name]), name
    for a, b in zip(walk(net.layers), walk(other.layers), strict=True):
        assert type(a) is type(b)
        assert repr(a.config()) == repr(b.config())


# What is saved comes back.


def test_every_layer_is_covered():
    covered = {type(layer).__name__ for case in LAYERS.values() for layer in walk([case.make()])}
    assert covered >= set(own.__all__) - {"Layer"}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_comes_back_to_the_bit(name, dtype, tmp_path):
    case, rng = LAYERS[name], np.random.default_rng(1)
    net = nn.Sequential(
        [case.make(), case.make()][: 1 + (name in ("Dense", "ReLU"))], case.largest, dtype=dtype
    )
    for vector in (net.parameters, net.state):
        vector[...] = rng.normal(size=vector.size)
        vector[:2] = [np.nan, -0.0][: vector.size]  # a network that diverged is a network
    net.step = 2**40
    net.save(tmp_path / "model.npz")
    same(net, nn.Sequential.load(tmp_path / "model.npz"))


def test_it_goes_on_where_it_was(device, backend, tmp_path):
    net = small(device)
    x = np.random.default_rng(0).normal(size=(6, 3))
    net.forward(x, training=True)
    net.save(str(tmp_path / "model"))  # adds no .npz
    again = nn.Sequential.load(str(tmp_path / "model"), device=device)
    same(net, again)
    for training in (False, True):  # the next masks too
        ours, theirs = (backend.to_numpy(n.forward(x, training)) for n in (net, again))
        np.testing.assert_array_equal(ours, theirs)
    assert nn.Sequential.load(tmp_path / "model").backend.name == "cpu"
    assert os.listdir(tmp_path) == ["model"]


def test_settings_that_numpy_made_and_whole_rows(tmp_path):
    layers = [nn.Conv2D(np.int64(2), np.int32(3), padding=((np.int64(1), 0), (0, 1))), nn.MaxPool2D([2, 1])]
    net = nn.Sequential(layers, tuple(np.array([6, 7, 1])), seed=np.int64(3))
    net.save(tmp_path / "model")
    again = nn.Sequential.load(tmp_path / "model")
    assert again.input_shape == (6, 7, 1)
    np.testing.assert_array_equal(again.parameters, net.parameters)


def test_numpy_reads_it_and_the_same_network_gives_the_same_bytes(tmp_path):
    net = small()
    net.save(tmp_path / "a")
    net.save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with np.load(tmp_path / "a", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["parameters"], net.parameters)
        assert json.loads(arrays["architecture"].tobytes())["seed"] == 5


# Saving takes nothing away.


def test_a_file_is_replaced_only_on_request(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(b"mine")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        small().save(path)
    assert path.read_bytes() == b"mine"
    small().save(path, overwrite=True)
    same(small(), nn.Sequential.load(path))


class MyLayer(nn.Tanh):
    pass


class Dense(nn.Dense):
    """A learner's own, of the same name."""


@pytest.mark.parametrize("layer", [MyLayer(), Dense(4), nn.Residual([MyLayer()])], ids=repr)
def test_own_layers_cannot_be_saved_and_the_error_says_what_can(layer, tmp_path):
    with pytest.raises(TypeError, match=r"only tinynn's own layers.*np\.save.*net\.parameters"):
        nn.Sequential([layer], 4).save(tmp_path / "model")
    assert os.listdir(tmp_path) == []


def test_what_could_not_be_read_is_not_written(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(b"mine")
    with pytest.raises(ValueError, match=r"cannot be saved.*deep"):
        nn.Sequential([block(40)], 3).save(path, overwrite=True)
    assert path.read_bytes() == b"mine"
    assert os.listdir(tmp_path) == ["model"]


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "model"
    small().save(path)
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        nn.Sequential([nn.Dense(1)], 2).save(path, overwrite=True)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model"]


def test_a_link_stays_a_link(tmp_path):
    small().save(tmp_path / "model")
    (tmp_path / "latest").symlink_to(tmp_path / "model")
    net = nn.Sequential([nn.Dense(1)], 2)
    net.save(tmp_path / "latest", overwrite=True)
    assert (tmp_path / "latest").is_symlink()
    same(net, nn.Sequential.load(tmp_path / "model"))


# Files of strangers.


def npy(array, **options):
    out = io.BytesIO()
    np.save(out, array, **options)
    return out.getvalue()


def claims(descr, shape, data=b""):
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": descr, "fortran_order": False, "shape": shape})
    return out.getvalue() + data


def text(**changes):
    setup = {
        "format": "tinynn network",
        "version": 1,
        "dtype": "float32",
        "input_shape": [3],
        "seed": 0,
        "step": 0,
        "layers": [{"Dense": {"units": 2}}],
    }
    return json.dumps({key: value for key, value in (setup | changes).items() if value is not ...})


def members(architecture=None, parameters=None, state=None, **changes):
    architecture = text(**changes) if architecture is None else architecture
    return {
        "architecture.npy": npy(np.frombuffer(architecture.encode(), np.uint8)),
        "parameters.npy": npy(np.zeros(8, np.float32)) if parameters is None else parameters,
        "state.npy": npy(np.zeros(0, np.float32)) if state is None else state,
    }


def write(path, contents, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in contents.items() if isinstance(contents, dict) else contents:
            archive.writestr(name, data)
    return path


class Attack:
    def __reduce__(self):
        return (os.abort, ())


def layer(name, **config):
    return members(layers=[{name: config}])


def nested(depth):
    bomb = '{"Tanh": {}}'
    for _ in range(depth):
        bomb = '{"Residual": {"layers": [' + bomb + "]}}"
    return text(layers=[]).replace('"layers": []', f'"layers": [{bomb}]')


HOSTILE = {
    "unknown layer": (layer("Dense3", units=2), "'Dense3', which this tinynn"),
    "base class": (layer("Layer"), "'Layer', which"),
    "dotted name": (layer("os.system", command="true"), "'os.system'"),
    "dunder": (layer("__builtins__"), "__builtins__"),
    "unexpected setting": (layer("Dense", units=2, x=1), "settings named units, initializer"),
    "settings of a layer without": (layer("ReLU", x=1), "settings named nothing"),
    "missing setting": (layer("Dense"), "units"),
    "text for a number": (layer("Dense", units="2"), "units = '2'"),
    "truth for a number": (layer("Dense", units=True), "units = True"),
    "fraction for a number": (layer("Dense", units=2.0), r"units = 2\.0"),
    "huge number": (layer("Dense", units=10**30), "units = 1000"),
    "many units": (layer("Dense", units=2**31 - 1), "more parameters than the 8"),
    "list for text": (layer("Dense", units=2, initializer=["he"]), "initializer"),
    "negative shape": (layer("Reshape", shape=[-3, -1]), "shape"),
    "fractional shape": (layer("Reshape", shape=[3.0]), "shape"),
    "layers are no list": (members(layers={"Dense": {"units": 2}}), "must be a list"),
    "no layers": (members(layers=[]), "at least one"),
    "layer is text": (members(layers=["Dense"]), "one name with its settings"),
    "deep blocks": (members(nested(100)), "deep"),
    "deeper blocks": (members(nested(20_000)), "recursion"),
    "deep lists": (members("[" * 500_000), "recursion|JSON|nest"),
    "deep padding": (layer("Conv2D", filters=1, size=1, padding=[[[[[1]]]]]), "padding|images"),
    "batch normalisation of huge rows": (
        members(input_shape=[2**39], layers=[{"BatchNorm": {}}]),
        "more parameters than",
    ),
    "huge rows": (members(input_shape=[2**62, 2**62]), "memory"),
    "huge integer rows": (members(input_shape=[10**4000]), "must be a few"),
    "huge row in between": (
        members(
            input_shape=[1, 1, 1],
            layers=[{"Conv2D": {"filters": 8, "size": 1, "padding": 2**30}}, {"Flatten": {}}],
        ),
        "memory",
    ),
    "negative rows": (members(input_shape=[-3]), "input_shape"),
    "true rows": (members(input_shape=[True]), "input_shape"),
    "text for rows": (members(input_shape="3"), "input_shape"),
    "shapes that do not fit": (members(input_shape=[3, 1]), "rows of one axis"),
    "too few parameters": (members(parameters=npy(np.zeros(7, np.float32))), "do not go with"),
    "too many parameters": (members(parameters=npy(np.zeros(9, np.float32))), "do not go with"),
    "state that nobody has": (members(state=npy(np.zeros(1, np.float32))), "do not go with"),
    "other type": (members(parameters=npy(np.zeros(8))), "type <f8.*says <f4"),
    "two axes": (members(parameters=npy(np.zeros((8, 1), np.float32))), "not one vector"),
    "objects": (members(parameters=npy(np.array([Attack()] * 8))), "not one vector"),
    "a pickle": (members(parameters=pickle.dumps(Attack())), "not one vector"),
    "nothing": (members(parameters=b""), "not one vector"),
    "a long claim": (members(parameters=claims("<f4", (10**14,))), "does not have"),
    "unknown dtype": (members(dtype="object"), "dtype is 'object'"),
    "dtype is a list": (members(dtype=["float32"]), "dtype is"),
    "negative seed": (members(seed=-1), "seed"),
    "fractional step": (members(step=1.5), "step"),
    "newer": (members(version=2, what="ever"), "version is 2, this tinynn reads 1"),
    "no version": (members(version=...), "version is None"),
    "version zero": (members(version=0), "version is 0"),
    "another program's": (members(format="model"), "tinynn network"),
    "lacks something": (members(seed=...), "seed"),
    "too much": (members(hook="x"), "hook"),
    "NaN": (members(text().replace("2", "NaN")), "NaN"),
    "infinity": (layer("ELU", alpha=1e308 * 10), "Infinity"),
    "overflow": (members(text(layers=[{"ELU": {"alpha": 7}}]).replace("7", "1e999")), "alpha = inf"),
    "twice the same key": (members(text()[:-1] + ', "seed": 1}'), "twice"),
    "not JSON": (members("layers"), "Expecting value"),
    "a list": (members("[]"), "architecture"),
    "long architecture": (members(" " * 2**20 + text()), "more than the 1,048,576"),
    "extra member": (members() | {"hook.py": b"import os"}, "hook.py"),
    "missing member": ({k: v for k, v in members().items() if k != "state.npy"}, "should"),
    "no architecture": ({"a.npy": npy(np.zeros(1))}, r"architecture\.npy is missing"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_strange_files_are_refused_with_a_reason(name, tmp_path):
    contents, says = HOSTILE[name]
    path = write(tmp_path / "strange.npz", contents)
    with pytest.raises(ValueError, match=rf"strange\.npz' is not a network that tinynn saved: .*(?:{says})"):
        nn.Sequential.load(path)


def test_the_file_that_all_these_are_made_from_is_right(tmp_path):
    assert nn.Sequential.load(write(tmp_path / "model", members())).output_shape == (2,)


def test_two_members_of_one_name(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate"):
        write(tmp_path / "model", [*members().items(), *members().items()])
    with pytest.raises(ValueError, match="two members of one name"):
        nn.Sequential.load(tmp_path / "model")


def test_a_bomb_is_not_unpacked(tmp_path):
    zeros = claims("<f4", (2**24,), bytes(2**26))
    path = write(tmp_path / "model", members(parameters=zeros), zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match="is compressed"):
        nn.Sequential.load(path)


@pytest.mark.parametrize(("field", "value"), [(10, 8), (20, 200)], ids=["method", "compressed size"])
def test_a_directory_that_claims_compression(field, value, valid):
    data, path = bytearray(valid[0]), valid[1]
    data[data.index(b"PK\x01\x02") + field] = value
    path.write_bytes(data)
    with pytest.raises(ValueError, match="is compressed"):
        nn.Sequential.load(path)


def test_an_encrypted_member(valid):
    data, path = bytearray(valid[0]), valid[1]
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match="encrypted"):
        nn.Sequential.load(path)


def test_what_is_not_there_and_what_is_no_zip(tmp_path):
    with pytest.raises(FileNotFoundError):
        nn.Sequential.load(tmp_path / "model")
    for data in (b"", b"PK", pickle.dumps(Attack()), npy(np.zeros(3))):
        (tmp_path / "model").write_bytes(data)
        with pytest.raises(ValueError, match="not a zip file"):
            nn.Sequential.load(tmp_path / "model")


@pytest.fixture(scope="module")
def valid(tmp_path_factory):
    path: Path = tmp_path_factory.mktemp("valid") / "model"
    small().save(path)
    return path.read_bytes(), path.parent / "damaged"


def loads_the_same_or_says_why(data, path):
    path.write_bytes(data)
    try:
        net = nn.Sequential.load(path)
    except ValueError as error:
        assert "damaged" in str(error)  # noqa: PT017
        assert len(str(error)) < 1000  # noqa: PT017
    else:
        same(small(), net)


@settings(max_examples=300)
@given(changes=st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 255)), min_size=1, max_size=4))
def test_flipped_bytes(valid, changes):
    data, path = valid
    damaged = bytearray(data)
    for place, flip in changes:
        damaged[place % len(data)] ^= flip
    loads_the_same_or_says_why(bytes(damaged), path)


def test_every_byte_of_the_directory_flipped(valid):
    """The end of the file is where zip keeps sizes, offsets and flags, and no checksum guards it."""
    data, path = valid
    for place in range(data.index(b"PK\x01\x02"), len(data)):
        for flip in (1, 0x80, 0xFF):
            damaged = bytearray(data)
            damaged[place] ^= flip
            loads_the_same_or_says_why(bytes(damaged), path)


@settings(max_examples=300)
@given(length=st.integers(0, 5000), extra=st.binary(max_size=8))
def test_cut_off(valid, length, extra):
    data, path = valid
    loads_the_same_or_says_why(data[: length % len(data)] + extra, path)
