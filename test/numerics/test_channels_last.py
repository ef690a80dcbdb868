"""Networks that are written with the channels last, between transpositions: compiled as convolutions with the channels first, and
compared with ONNX Runtime, which computes them as they are written."""

import dataclasses

import numpy as np
import onnxruntime
import pytest
from onnx import helper, numpy_helper
from onnx_cases import make_model

from test_algorithms import runs_here
from toeplitz_process import Library, compile_network, run_toeplitz, run_with_threads


@dataclasses.dataclass(frozen=True)
class Block:
    """A block of ConvNeXt of this many channels, expanded by four, on an image of these sizes."""

    channels: int
    sizes: tuple
    batch: int = 1
    mean: float = 0  # of the input, far from which a variance is harder to compute

    @property
    def name(self):
        return f"{self.batch}x{self.channels}x{'x'.join(map(str, self.sizes))}" + ("_shifted" if self.mean else "")


# Channels that fill vectors of every length or none, one channel, one position, an odd number of positions, 1-D and 3-D.
BLOCKS = [
    Block(32, (7, 9)),
    Block(20, (6, 6), 2),
    Block(1, (3, 3)),
    Block(37, (1, 1)),
    Block(5, (13,)),
    Block(24, (3, 2, 5)),
    Block(48, (8, 8), mean=1000),
    Block(96, (28, 28)),
]


def make_block(block):
    """Transpose, LayerNormalization, MatMul, Gelu as older exporters write it, MatMul, layer scale, Transpose, Add."""
    random = np.random.default_rng(block.channels)
    c, wide, rank = block.channels, 4 * block.channels, len(block.sizes) + 2

    def array(name, shape, scale=1.0):
        return numpy_helper.from_array((scale * random.standard_normal(shape)).astype(np.float32), name)

    def number(name, value):
        return numpy_helper.from_array(np.float32(value), name)

    constants = [
        array("scale", c), array("shift", c), array("w1", (c, wide), c**-0.5), array("b1", wide), array("w2", (wide, c), wide**-0.5),
        array("b2", c), array("layer_scale", (c, *[1] * len(block.sizes))), number("root", np.sqrt(2)), number("one", 1), number("half", 0.5),
    ]
    nodes = [
        helper.make_node("Transpose", ["x"], ["last"], perm=[0, *range(2, rank), 1]),
        helper.make_node("LayerNormalization", ["last", "scale", "shift"], ["normal"], epsilon=1e-6),
        helper.make_node("MatMul", ["normal", "w1"], ["product1"]),
        helper.make_node("Add", ["b1", "product1"], ["wide"]),
        helper.make_node("Div", ["wide", "root"], ["quotient"]),
        helper.make_node("Erf", ["quotient"], ["erf"]),
        helper.make_node("Add", ["erf", "one"], ["sum"]),
        helper.make_node("Mul", ["wide", "sum"], ["double"]),
        helper.make_node("Mul", ["double", "half"], ["gelu"]),
        helper.make_node("MatMul", ["gelu", "w2"], ["product2"]),
        helper.make_node("Add", ["b2", "product2"], ["narrow"]),
        helper.make_node("Transpose", ["narrow"], ["first"], perm=[0, rank - 1, *range(1, rank - 1)]),
        helper.make_node("Mul", ["layer_scale", "first"], ["scaled"]),
        helper.make_node("Add", ["scaled", "x"], ["y"]),
    ]
    x = (block.mean + random.standard_normal((block.batch, c, *block.sizes))).astype(np.float32)
    return make_model(nodes, {"x": x}, {"y": x}, 17, constants), x


def run_onnx_runtime(model, x):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


@pytest.mark.parametrize("processor", ["x86-64", "x86-64-v3"])
@pytest.mark.parametrize("block", BLOCKS, ids=lambda b: b.name)
def test_block(block, processor, tmp_path):
    if not runs_here(processor):
        pytest.skip(f"this processor can't run code for {processor}")
    model, x = make_block(block)
    path = tmp_path / "block.onnx"
    path.write_bytes(model.SerializeToString())
    library = Library(compile_network(path, tmp_path, f"--mcpu={processor}"))
    found, expected = library.run({"x": x})["y"], run_onnx_runtime(model, x)
    # Of a mean of 1000, a rounding of x is a thousand times as large beside the deviations.
    tolerance = 5e-6 * max(1, block.mean)
    np.testing.assert_allclose(found - x, expected - x, rtol=0, atol=tolerance * np.abs(expected - x).max())
    for threads in (2, 3):
        assert run_with_threads(library, {"x": x}, threads)["y"].tobytes() == found.tobytes()


def test_nothing_is_transposed(tmp_path):
    """What makes it fast: a normalisation and two convolutions."""
    path = tmp_path / "block.onnx"
    path.write_bytes(make_block(BLOCKS[0])[0].SerializeToString())
    process = run_toeplitz("compile", path, "--emit=schedule", "-o", tmp_path / "block.mlir", "--mcpu=x86-64-v3")
    assert process.returncode == 0, process.stderr
    text = (tmp_path / "block.mlir").read_text()
    assert "linalg.transpose" not in text and "linalg.generic" not in text
    assert text.count("kernel.normalize_channels") == 1 and text.count("kernel.conv") == 2
    assert "activation <gelu>" in text and "residual" in text


def make_gated(block, reduction):
    """As converters from TensorFlow write it: what is padded behind a convolution is scaled, for each channel, by what a reduction over all
    positions gives; half of its channels are joined to the whole, and convolved again."""
    random = np.random.default_rng(block.channels)
    c, half, rank = block.channels, (block.channels + 1) // 2, len(block.sizes) + 2
    to_first, to_last, middle = [0, rank - 1, *range(1, rank - 1)], [0, *range(2, rank), 1], list(range(1, rank - 1))

    def array(name, shape, scale):
        return numpy_helper.from_array((scale * random.standard_normal(shape)).astype(np.float32), name)

    def integers(name, *values):
        return numpy_helper.from_array(np.array(values, np.int64), name)

    ones = [1 for _ in middle]
    constants = [
        array("w1", (c, c, *ones), c**-0.5), array("w2", (7, c + half, *ones), (c + half) ** -0.5),
        integers("pads", 0, *ones, 0, 0, *[2 for _ in middle], 0), integers("begin", 0), integers("end", half), integers("axis", rank - 1),
    ]
    nodes = [
        helper.make_node("Transpose", ["x"], ["x_first"], perm=to_first),
        helper.make_node("Conv", ["x_first", "w1"], ["conv_first"]),
        helper.make_node("Transpose", ["conv_first"], ["conv"], perm=to_last),
        helper.make_node("Pad", ["conv", "pads"], ["padded"]),
        helper.make_node(reduction, ["padded"], ["numbers"], keepdims=1, axes=middle),
        helper.make_node("Mul", ["padded", "numbers"], ["scaled"]),
        helper.make_node("Slice", ["scaled", "begin", "end", "axis"], ["half"]),
        helper.make_node("Concat", ["scaled", "half"], ["joined"], axis=rank - 1),
        helper.make_node("Transpose", ["joined"], ["joined_first"], perm=to_first),
        helper.make_node("Conv", ["joined_first", "w2"], ["y_first"]),
        helper.make_node("Transpose", ["y_first"], ["y"], perm=to_last),
    ]
    x = random.standard_normal((block.batch, *block.sizes, c)).astype(np.float32)
    return make_model(nodes, {"x": x}, {"y": x}, 17, constants), x


@pytest.mark.parametrize("reduction", ["ReduceMean", "ReduceL2", "ReduceMax", "ReduceSumSquare"])
@pytest.mark.parametrize("block", [block for block in BLOCKS if not block.mean], ids=lambda b: b.name)
def test_moved_and_reduced(block, reduction, tmp_path):
    model, x = make_gated(block, reduction)
    path = tmp_path / "gated.onnx"
    path.write_bytes(model.SerializeToString())
    # (Without split bfloat16 numbers, where the machine multiplies them: they round more than this allows.)
    library = Library(compile_network(path, tmp_path, "--precise"))
    found, expected = library.run({"x": x})["y"], run_onnx_runtime(model, x)
    np.testing.assert_allclose(found, expected, rtol=0, atol=5e-6 * np.abs(expected).max())
    for threads in (2, 3):
        assert run_with_threads(library, {"x": x}, threads)["y"].tobytes() == found.tobytes()


def test_nothing_is_copied(tmp_path):
    """Between the convolutions of it, all lies in blocks of channels."""
    path = tmp_path / "gated.onnx"
    path.write_bytes(make_gated(BLOCKS[0], "ReduceL2")[0].SerializeToString())
    process = run_toeplitz("compile", path, "--emit=schedule", "-o", tmp_path / "gated.mlir", "--mcpu=x86-64-v3")
    assert process.returncode == 0, process.stderr
    text = (tmp_path / "gated.mlir").read_text()
    # (Of 32 channels on 10 x 12 positions, in whole or with the half of them.)
    assert not any(shape in text for shape in ("1x32x10x12x", "1x10x12x32x", "1x48x10x12x", "1x10x12x48x"))
