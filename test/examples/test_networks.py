"""Every example network, compiled at a reduced resolution and compared with ONNX Runtime and with the compiler's naive
evaluator.

Tolerance: the compiled network and ONNX Runtime compute in float32 and add in different orders; a sum of K products is off by
up to about sqrt(K) * 2^-24 of its largest value, K up to 25,000 here, thus 1e-5, and the errors of layers add up like
independent ones. ONNX Runtime itself is up to 5e-6 of the largest output off the evaluator, which computes in float64, so 2e-5 leaves no
room for a wrong border or a wrong weight.

On a processor with AMX layers are computed as products of bfloat16 (`bf16x3`), whose errors are ten times those of a sum in float32: there the
default is held to 1e-4, which is what users are told, and what is compiled with --precise to 2e-5."""

import json
import pathlib
import subprocess
import sys

import numpy
import onnxruntime
import pytest
from compiled_network import TOEPLITZ, SharedLibrary, compile_network
from network_to_onnx import network_to_onnx
from processor import has_tiles

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
TOLERANCE = 2e-5
SPLIT_TOLERANCE = 1e-4

# The resolution of each network here, and the batch size: small enough for seconds, large enough that every layer still works.
CASES = {
    "lenet5": (28, 3),
    "alexnet": (96, 1),
    "vgg16": (32, 2),
    "pruned_vgg": (32, 2),
    "googlenet": (64, 1),
    "resnet18": (64, 2),
    "resnet50": (64, 1),
    "densenet121": (64, 1),
    "squeezenet": (64, 2),
    "mobilenet_v1": (64, 1),
    "mobilenet_v2": (64, 2),
    "resnext50": (64, 1),
    "unet": (32, 1),
    "dcgan": (32, 2),
    "deeplab": (32, 2),
    "wavenet": (600, 1),
    "r3d18": (32, 1),
    "periodic_flow": (32, 2),
    "replknet": (96, 1),
}


def generate(name, folder, resolution, batch):
    """Writes the description into `folder` and returns its path."""
    path = folder / f"{name}.json"
    command = [sys.executable, str(EXAMPLES / name / "generate.py"), "--output", str(path)]
    subprocess.run([*command, "--resolution", str(resolution), "--batch", str(batch)], check=True)
    return path


def random_input(description):
    """A standard normal input, the same in every run."""
    (only,) = json.loads(description.read_text())["inputs"]
    return numpy.random.default_rng(0).standard_normal(only["shape"], numpy.float32)


def run_compiled(name, description, *options):
    library = compile_network(description, description.with_name(f"lib{name}{len(options)}.so"), *options)
    return SharedLibrary(library, name)(random_input(description))


def assert_close(actual, expected, tolerance=TOLERANCE):
    assert actual.shape == expected.shape
    largest = numpy.abs(expected).max()
    assert numpy.isfinite(largest) and largest > 0
    error = numpy.abs(actual.astype(numpy.float64) - expected).max() / largest
    assert error <= tolerance, f"the largest error is {error:.2e} of the largest output"


def test_every_network_has_a_case():
    assert set(CASES) == {path.parent.name for path in EXAMPLES.glob("*/generate.py")}


def evaluate(description, folder):
    """What the naive evaluator computes."""
    numpy.save(folder / "x.npy", random_input(description))
    command = [TOEPLITZ, "run", str(description), "--reference", "--input", str(folder / "x.npy")]
    subprocess.run([*command, "--output", str(folder / "y.npy")], check=True)
    return numpy.load(folder / "y.npy")


def run_onnx_runtime(description):
    session = onnxruntime.InferenceSession(network_to_onnx(str(description)).SerializeToString())
    (only,) = session.get_inputs()
    return session.run(None, {only.name: random_input(description)})[0]


@pytest.mark.parametrize("name", CASES)
def test_network(name, tmp_path):
    description = generate(name, tmp_path, *CASES[name])
    expected = [evaluate(description, tmp_path), run_onnx_runtime(description)]
    results = [(run_compiled(name, description), TOLERANCE)]
    if has_tiles():
        results = [(results[0][0], SPLIT_TOLERANCE), (run_compiled(name, description, "--precise"), TOLERANCE)]
    for result, tolerance in results:
        for other in expected:
            assert_close(result, other, tolerance)


@pytest.mark.parametrize("name", CASES)
def test_memory_is_close_to_what_is_alive_at_once(name, tmp_path):
    """The largest set of values that are alive at once is a lower bound of what any plan takes."""
    description = generate(name, tmp_path, *CASES[name])
    found = subprocess.run([TOEPLITZ, "explain", str(description), "--json", "--mcpu=x86-64-v3"], check=True, capture_output=True)
    totals = json.loads(found.stdout)["totals"]
    assert 0 < totals["largest_live_bytes"] <= totals["arena_bytes"] <= 1.05 * totals["largest_live_bytes"]


def test_wavenet_is_causal(tmp_path):
    """Changing a sample changes no output before it: not a bit with sums, and no more than a transform rounds, which computes the outputs of
    a tile from all of its inputs."""
    description = generate("wavenet", tmp_path, 64, 1)
    before = random_input(description)
    after = before.copy()
    after[:, :, 40] += 1
    for options, error in ([], 1e-4), (["--precise"], 0):
        network = SharedLibrary(compile_network(description, tmp_path / f"libwavenet{len(options)}.so", *options), "wavenet")
        first, second = network(before), network(after)
        assert numpy.max(numpy.abs(first[:, :, :40] - second[:, :, :40])) <= error * numpy.max(numpy.abs(first))
        assert not numpy.allclose(first[:, :, 40], second[:, :, 40])


def test_periodic_flow_has_no_special_position(tmp_path):
    """Shifting the input around the square shifts the output alike."""
    description = generate("periodic_flow", tmp_path, 24, 1)
    network = SharedLibrary(compile_network(description, tmp_path / "libperiodic_flow.so"), "periodic_flow")
    state = random_input(description)
    shifted = numpy.roll(state, (5, 11), (2, 3))
    assert_close(network(shifted), numpy.roll(network(state), (5, 11), (2, 3)))
