"""Convolutions on the tensor cores of a GPU, emulated by default.

Factors are rounded, their products are exact, and sums are those of float32 (a real GPU's nearly so): compiled code, which gets weights and inputs as they are,
is compared with the naive evaluator on weights and inputs that NumPy has rounded, to the precision of float32. In
emulation, accesses of a block's memory are watched. Borders are those of the tiles (channels, positions, depths) and of the images.
"""

import dataclasses
import json
import re

import numpy as np
import pytest

from general_ir import BFLOAT16
from gpu_target import CHECKED, HAS_WARPGROUPS, IS_EMULATED, ON_GPU, ON_SM90A, SM90A_CHECKED, only_in_emulation
from operator_cases import Case, check, description_of, inputs_of
from test_gpu import CONVOLUTIONS, RESIDUAL
from test_weights import write_safetensors
from toeplitz_process import SOURCE_ROOT, Library, compile_network, evaluate_reference, run_toeplitz, write_description

PRECISIONS = ("tf32", "bf16", "f16")


@dataclasses.dataclass(frozen=True)
class Way:
    """An algorithm that computes on tensor cores, and options for a GPU that has its instructions: to run there, the same in checked
    emulation, and to explain it."""

    algorithm: str
    on_gpu: tuple
    checked: tuple
    explained: tuple

    @property
    def chosen(self):
        return f"--algorithm={self.algorithm}"


WARPS = Way("tensor-core-gemm", ON_GPU, CHECKED, ("--target=cuda",))
WARPGROUPS = Way("warpgroup-gemm", ON_SM90A, SM90A_CHECKED, ("--target=cuda", "--gpu-arch=sm_90a"))
needs_warpgroups = pytest.mark.skipif(not HAS_WARPGROUPS, reason="the machine's GPU has no products by warpgroups, as sm_90a has")
each_way = pytest.mark.parametrize(
    "way", [pytest.param(WARPS, id=WARPS.algorithm), pytest.param(WARPGROUPS, id=WARPGROUPS.algorithm, marks=needs_warpgroups)]
)


def round_to_tf32(values):
    """cvt.rna.tf32: the nearest, of two the one farther from zero; 13 bits go away."""
    bits = values.astype(np.float32).view(np.uint32)
    rounded = ((bits + np.uint32(0x1000)) & np.uint32(0xFFFFE000)).view(np.float32)
    return np.where(np.isnan(values), np.float32(np.nan), rounded)


def rounded(values, precision):
    if precision == "tf32":
        return round_to_tf32(values)
    with np.errstate(over="ignore"):
        return values.astype(BFLOAT16 if precision == "bf16" else np.float16).astype(np.float32)


def as_list(value, rank):
    return value if isinstance(value, list) else [value] * rank


def weights_of(cases):
    """Random ones, by the keys of a weight file."""
    generator = np.random.default_rng(5)
    tensors = {}
    for place, case in enumerate(cases):
        layer, shape = case.layer, case.shapes[0]
        kernel = as_list(layer.get("kernel_size"), len(shape) - 2) if layer["op"] != "linear" else []
        outputs, inputs, groups = layer.get("out_channels", layer.get("out_features")), shape[1], layer.get("groups", 1)
        matrix = (inputs, outputs // groups) if layer["op"] == "conv_transpose" else (outputs, inputs // groups)
        tensors[f"case{place}.weight"] = generator.uniform(-1, 1, (*matrix, *kernel)).astype(np.float32)
        if layer.get("bias", True):
            tensors[f"case{place}.bias"] = generator.uniform(-1, 1, outputs).astype(np.float32)
    return tensors


def write_weighted(description, tensors, directory):
    directory.mkdir()
    write_safetensors(directory / "weights.safetensors", tensors, "F32")
    return {**description, "weights": "weights.safetensors"}, directory


def run_on_tensor_cores(description, tensors, inputs, directory, way, *options):
    network, folder = write_weighted(description, tensors, directory / "compiled")
    return Library(compile_network(network, folder, way.chosen, *options)).run(inputs)


def evaluate_rounded(description, tensors, inputs, directory, precision, layers):
    """The naive evaluator on the rounded factors of these layers; what is only added stays."""

    def round_factors(arrays, parts):
        names = {layer + part for layer in layers for part in parts}
        return {name: rounded(values, precision) if name in names else values for name, values in arrays.items()}

    network, folder = write_weighted(description, round_factors(tensors, (".weight",)), directory / "reference")
    return evaluate_reference(network, round_factors(inputs, ("_x0",)), folder)


def explain(description, directory, *options, way=WARPS):
    process = run_toeplitz("explain", write_description(description, directory), "--json", *way.explained, *options)
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


def convolution(channels, outputs, sizes, kernel, batch=1, **others):
    others = {"padding": [[k // 2, k // 2] for k in kernel], **others}
    layer = {"op": "conv", "out_channels": outputs, "kernel_size": kernel, **others}
    reduction = channels // layer.get("groups", 1) * int(np.prod(kernel))
    return Case(layer, ((batch, channels, *sizes),), reduction=reduction)


# Around the sizes of tiles and steps: 16, 32 and 64 products, 32, 64 and 128 channels and positions.
BORDERS = [
    convolution(16, 32, (32,), [1]),
    convolution(32, 33, (33,), [1]),
    convolution(15, 31, (31,), [1]),
    convolution(17, 65, (4, 8), [1, 1]),
    convolution(8, 16, (5, 7), [3, 3]),
    convolution(4, 7, (5, 7), [3, 3], stride=2),
    convolution(6, 4, (5, 7), [2, 3], dilation=2),
    convolution(1, 1, (6, 6), [3, 3]),
    convolution(12, 18, (3, 5), [3, 3], groups=3, batch=2),
    convolution(5, 6, (2, 3, 4), [2, 3, 2], padding_mode="circular", padding=[[1, 0], [1, 1], [0, 1]]),
    convolution(33, 129, (5, 13), [1, 2]),
    convolution(64, 64, (129,), [1]),
    convolution(65, 127, (127,), [1]),
    # Several splits of the sum, whose last one is shorter.
    convolution(300, 5, (3,), [1]),
    convolution(19, 3, (4, 4), [5, 5]),
    convolution(900, 70, (5,), [1]),
]
CASES = [*BORDERS, *CONVOLUTIONS]
PACK = 25
PACKS = [CASES[first : first + PACK] for first in range(0, len(CASES), PACK)]


def with_slack(case):
    """Emulation rounds each sum to the nearest. Hardware cuts off the low bits of what it adds, always towards zero: such errors add up as
    the number of products, not as its root."""
    if IS_EMULATED:
        return case
    return dataclasses.replace(case, slack=4 * case.slack * max(1.0, np.sqrt(case.reduction / 1000.0)))


@each_way
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("place", range(len(PACKS)))
def test_windows(place, precision, way, tmp_path):
    cases = PACKS[place]
    description, tensors, inputs = description_of(cases, "windows"), weights_of(cases), inputs_of(cases)
    found = run_on_tensor_cores(description, tensors, inputs, tmp_path, way, *way.checked, f"--precision={precision}")
    report = explain(description_of(cases, "explained"), tmp_path, way.chosen, f"--precision={precision}", way=way)
    layers = {layer["name"] for layer in report["layers"] if layer["algorithm"].startswith(way.algorithm)}
    assert len(layers) > len(cases) / 2
    for layer in report["layers"]:
        # Of a transposed convolution whose stride exceeds its kernel, positions are left to the bias.
        refusals = [c["declines"] for c in layer["candidates"] if c["algorithm"] == way.algorithm and "declines" in c]
        assert refusals == ([] if layer["name"] in layers else ["the kernel has no position"])
    expected = evaluate_rounded(description, tensors, inputs, tmp_path, precision, layers)
    for index, case in enumerate(cases):
        name = f"case{index}"
        check(with_slack(case), found[name], expected[name], f"tensor cores, {precision}", "the evaluator on rounded factors")


@each_way
@pytest.mark.parametrize("precision", PRECISIONS)
def test_errors_are_within_their_bounds(precision, way, tmp_path):
    cases = [case for case in BORDERS if case.layer.get("bias", True)]
    description, tensors, inputs = description_of(cases, "bounded"), weights_of(cases), inputs_of(cases)
    found = run_on_tensor_cores(description, tensors, inputs, tmp_path, way, *way.on_gpu, f"--precision={precision}")
    network, folder = write_weighted(description, tensors, tmp_path / "reference")
    exact = evaluate_reference(network, inputs, folder)
    layers = explain(network, folder, f"--precision={precision}", way=way)["layers"]
    assert len(layers) == len(cases)
    for layer in layers:
        name = layer["name"]
        (candidate,) = (c for c in layer["candidates"] if c["algorithm"] == f"{way.algorithm}:{precision}")
        error = np.max(np.abs(found[name].astype(np.float64) - exact[name]))
        assert 0 < error <= candidate["error_bound"]
        # The bound is for the worst signs, and typical errors are those of random ones.
        typical = candidate["typical_error"] * np.sqrt(np.mean(exact[name].astype(np.float64) ** 2))
        assert 0.2 * typical <= error <= 10 * typical


def single_product(values, weights):
    """A network of one product for each element."""
    description = {
        "name": "single", "inputs": [{"name": "x", "shape": [1, 1, values.size]}],
        "layers": [{"name": "y", "op": "conv", "out_channels": weights.size, "kernel_size": 1, "bias": False}], "outputs": ["y"],
    }
    return description, {"y.weight": weights.reshape(-1, 1, 1)}, {"x": values.reshape(1, 1, -1)}


def numbers_near_ties(precision):
    """Both sides of numbers halfway between two, the ends of the range, and what is no number."""
    units = {"tf32": 13, "bf16": 16, "f16": 13}[precision]
    significands = np.array([0, 1, 2, 3, 0x7FFFFF >> units], np.uint32) << units
    offsets = np.array([0, 1, (1 << (units - 1)) - 1, 1 << (units - 1), (1 << (units - 1)) + 1, (1 << units) - 1], np.uint32)
    fractions = (significands[:, None] + offsets).ravel() & np.uint32(0x7FFFFF)
    exponents = np.array([1, 100, 101, 102, 103, 110, 112, 113, 126, 127, 140, 141, 142, 143, 253], np.uint32)
    positive = ((exponents[:, None] << 23) | fractions).ravel().view(np.float32)
    special = np.array([0.0, np.inf, np.nan, 65504, 65519.996, 65520, 65536, 2.0**-24, 2.0**-25], np.float32)
    return np.concatenate([positive, -positive, special, -special])


@each_way
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("side", ("input", "filter"))
def test_rounding(side, precision, way, tmp_path):
    """Each number as it is rounded: by the kernel, and by the compiler."""
    numbers, one = numbers_near_ties(precision), np.ones(1, np.float32)
    network = single_product(numbers, one) if side == "input" else single_product(one, numbers)
    found = run_on_tensor_cores(*network, tmp_path, way, *way.on_gpu, f"--precision={precision}")["y"].ravel()
    expected = rounded(numbers, precision)
    wrong = ~((found == expected) | (np.isnan(found) & np.isnan(expected)))
    assert not wrong.any(), (numbers[wrong], found[wrong], expected[wrong])


@each_way
@pytest.mark.parametrize("precision", PRECISIONS)
def test_bias_residual_and_activation(precision, way, tmp_path):
    x = {"x": np.random.default_rng(1).normal(size=(2, 9, 6, 7)).astype(np.float32)}
    found = Library(compile_network(RESIDUAL, tmp_path, *way.checked, way.chosen, f"--precision={precision}")).run(x)
    expected = evaluate_reference(RESIDUAL, x, tmp_path)
    for name, values in expected.items():
        limit = (3e-2 if precision == "bf16" else 4e-3) * np.max(np.abs(values))
        assert 0 < np.max(np.abs(found[name] - values)) <= limit


@each_way
@pytest.mark.parametrize("name, precision", [("lenet5", "f16"), ("digits", "tf32"), ("periodic_flow", "bf16")])
def test_example(name, precision, way, tmp_path):
    """Whole networks, with dense layers among them."""
    model = SOURCE_ROOT / "examples" / name / f"{name}.json"
    library = Library(compile_network(model, tmp_path, *way.on_gpu, way.chosen, f"--precision={precision}"))
    generator = np.random.default_rng(2)
    inputs = {key: generator.normal(size=shape).astype(np.float32) for key, shape in library.inputs.items()}
    found = library.run(inputs)
    for key, expected in evaluate_reference(model, inputs, tmp_path, names=list(found)).items():
        error = np.max(np.abs(found[key].astype(np.float64) - expected)) / np.max(np.abs(expected))
        assert 0 < error <= (5e-2 if precision == "bf16" else 5e-3)


@each_way
def test_sums_have_one_order(way, tmp_path):
    """Two runs have the same bits."""
    case = BORDERS[-1]
    description, tensors, inputs = description_of([case], "again"), weights_of([case]), inputs_of([case])
    network, folder = write_weighted(description, tensors, tmp_path / "compiled")
    library = Library(compile_network(network, folder, *way.on_gpu, way.chosen, "--tf32"))
    first, second = library.run(inputs), library.run(inputs)
    assert first["case0"].tobytes() == second["case0"].tobytes()


# How often a line by which threads, copies and products wait for each other stands in the kernel whose data threads round, that whose data all
# threads copy, and that whose data comes in bulk: while there is more to copy and in the last two steps, before them, and around the exchange of sums.
WAITS = {
    "rounded": {"gpu.barrier": 5, "nvvm.fence.proxy": 3, "nvvm.wgmma.wait.group.sync.aligned": 2, "device.try_wait": 2, "device.expect_bytes": 3,
                "device.bulk_copy": 3},
    "copied": {"gpu.barrier": 5, "nvvm.fence.proxy": 3, "nvvm.wgmma.wait.group.sync.aligned": 2, "device.try_wait": 2, "device.expect_bytes": 3,
               "device.bulk_copy": 3, "nvvm.cp.async.wait.group": 2},
    "in bulk": {"gpu.barrier": 4, "nvvm.fence.proxy": 1, "nvvm.wgmma.wait.group.sync.aligned": 2, "device.try_wait": 2, "device.expect_bytes": 3,
                "device.bulk_copy": 3, "device.tensor_copy": 3},
}  # fmt: skip


def waiting_network(data):
    """A network whose last layer has a kernel of that kind, and its options."""
    if data == "rounded":
        case = convolution(16, 70, (5, 7), [3, 3])
        return description_of([case], "race"), inputs_of([case]), ("--tf32",)
    # (Two warpgroups, of which one copies for the other.)
    case = convolution(72, 70, (5, 7), [3, 3]) if data == "copied" else convolution(264, 120, (6000,), [1], bias=False)
    (shape,) = case.shapes
    layers = [{"name": "before", "op": "relu", "inputs": ["x"]}, {"name": "y", "inputs": ["before"], **case.layer}]
    description = {"name": "race", "weights": {"random": 1}, "inputs": [{"name": "x", "shape": list(shape)}], "layers": layers, "outputs": ["y"]}
    return description, {"x": np.random.default_rng(3).normal(size=shape).astype(np.float32)}, ("--precision=bf16",)


def without(text, line):
    """The line as if it did nothing."""
    return re.sub(r"device\.try_wait .*", "arith.constant true", line) + "\n" if text == "device.try_wait" else ""


@only_in_emulation("races are not watched")
@pytest.mark.parametrize("data, text", [(data, text) for data, waits in WAITS.items() for text in waits])
def test_a_missing_wait_of_warpgroups_is_an_error(data, text, tmp_path):
    """Each line of the kernel by which threads, copies and products wait for each other is needed."""
    description, x, precision = waiting_network(data)
    loops = tmp_path / "loops.mlir"
    options = (*WARPGROUPS.checked, WARPGROUPS.chosen, *precision, "--emit=loops", "-o", loops)
    process = run_toeplitz("compile", write_description(description, tmp_path), *options)
    assert process.returncode == 0, process.stderr
    Library(compile_network(loops, tmp_path, *WARPGROUPS.checked)).run(x)
    lines = loops.read_text().splitlines(keepends=True)
    places = [place for place, line in enumerate(lines) if text in line]
    assert len(places) == WAITS[data][text]
    for place in places:
        broken = tmp_path / f"broken{place}.mlir"
        broken.write_text("".join(lines[:place]) + without(text, lines[place]) + "".join(lines[place + 1 :]))
        with pytest.raises(AssertionError, match="status 1[12]: "):
            Library(compile_network(broken, tmp_path, *WARPGROUPS.checked)).run(x)


def big_network():
    layers = [
        {"name": "small", "op": "conv", "inputs": ["x"], "out_channels": 3, "kernel_size": 1},
        {"name": "big", "op": "conv", "inputs": ["x"], "out_channels": 256, "kernel_size": 3, "padding": 1},
    ]
    return {
        "name": "two", "weights": {"random": 1}, "inputs": [{"name": "x", "shape": [8, 128, 28, 28]}], "layers": layers,
        "outputs": ["small", "big"],
    }


def algorithms_of(report):
    return {layer["name"]: layer["algorithm"] for layer in report["layers"]}


@each_way
@pytest.mark.parametrize("precision", PRECISIONS)
def test_big_layers_are_chosen(precision, way, tmp_path):
    assert algorithms_of(explain(big_network(), tmp_path, way=way))["big"] == "winograd:f2"
    chosen = algorithms_of(explain(big_network(), tmp_path, f"--precision={precision}", way=way))
    assert chosen["big"] == f"{way.algorithm}:{precision}"


def test_limits_of_errors_leave_tensor_cores_out(tmp_path):
    """--typical-error, which has no limit with --tf32 unless it is given, and --max-error."""
    free = explain(big_network(), tmp_path, "--tf32")
    assert free["totals"]["typical_error"] > 1.5e-4
    limited = explain(big_network(), tmp_path, "--tf32", "--typical-error=1e-4")
    assert algorithms_of(limited)["big"] == "winograd:f2" and limited["totals"]["typical_error"] <= 1e-4
    bounds = {c["algorithm"]: c["error_bound"] for c in free["layers"][1]["candidates"] if "error_bound" in c}
    limit = (bounds["tensor-core-gemm:tf32"] + bounds["implicit-gemm"]) / 2
    assert bounds["tensor-core-gemm:tf32"] > 3 * bounds["implicit-gemm"]
    assert algorithms_of(explain(big_network(), tmp_path, "--tf32", f"--max-error={limit}"))["big"] == "winograd:f2"


def test_half_precision_has_no_bound_beyond_its_range(tmp_path):
    def bound(precision, input_range):
        report = explain(big_network(), tmp_path, f"--precision={precision}", f"--input-range={input_range}")
        (candidate,) = (c for c in report["layers"][1]["candidates"] if c["algorithm"].startswith("tensor-core"))
        return candidate["error_bound"]

    assert np.isfinite(bound("f16", 65504)) and np.isfinite(bound("bf16", 65505))
    assert bound("f16", 65505) in (None, "inf", float("inf"))
