"""Batches of any size on a GPU. The emulated one, the default, computes four samples at once: fewer, as many, and several parts.

Against the same network for one sample, bit by bit; against the naive evaluator, for which the batch is a size like any other;
and against ONNX Runtime.
"""

import copy

import numpy as np
import pytest

import toeplitz
from device_tensors import put_on_device
from gpu_target import CHECKED, HAS_WARPGROUPS, IS_EMULATED, ON_GPU, SM90A_CHECKED, by_speed
from onnx_runtime import run_onnx_model
from operator_cases import Case, check, description_of
from random_windows import random_cases, random_convolution, random_pooling, random_transposed_convolution
from test_dynamic_batch import CLASSIFIER, CLASSIFIER_WEIGHTS, F, INDEPENDENT, NETWORK, I, samples
from test_dynamic_batch import model as make_model
from test_gpu import small
from toeplitz_process import Library, compile_network, evaluate_reference, run_with_threads

BATCHES = (0, 1, 2, 4, 5, 7, 9, *by_speed((), (33, 300)))
OPTIONS = {
    "implicit-gemm": CHECKED,
    "direct": (*CHECKED, "--algorithm=direct"),
    "tf32": (*CHECKED, "--precision=tf32", "--algorithm=conv2=tensor-core-gemm"),
    **({"warpgroups": (*SM90A_CHECKED, "--precision=bf16", "--algorithm=conv2=warpgroup-gemm")} if HAS_WARPGROUPS else {}),
}


@pytest.fixture(name="libraries", scope="module", params=OPTIONS)
def compiled_libraries(request, tmp_path_factory):
    """The same network for any batch, and for one sample."""
    directory = tmp_path_factory.mktemp("batches")
    options = OPTIONS[request.param]
    return Library(compile_network(NETWORK, directory, "--batch=dynamic", *options)), Library(compile_network(NETWORK, directory, *options))


def alone(library, inputs, place):
    return library.run({name: values[place : place + 1] for name, values in inputs.items()})


def test_samples_have_the_bits_that_they_have_alone(libraries):
    dynamic, single = libraries
    inputs = {"x": samples(max(BATCHES))}
    expected = [alone(single, inputs, place) for place in range(max(BATCHES))]
    for batch in BATCHES:
        found = dynamic.run({"x": inputs["x"][:batch]})
        assert found["scores"].shape == (batch, 7) and found["pool"].shape == (batch, 23, 6, 5)
        for place in range(batch):
            for name, values in expected[place].items():
                assert np.array_equal(found[name][place : place + 1], values), f"batch {batch}, sample {place} of {name}"


def test_a_handle_for_batches_of_all_sizes(libraries):
    """Nothing of a run before is left where another one reads."""
    dynamic, single = libraries
    pool = dynamic.create_pool(1)
    try:
        for seed, batch in enumerate((7, 1, 4, 0, 9, 2)):
            inputs = {"x": samples(batch, seed=seed)}
            found = dynamic.run(inputs, pool)
            for place in range(batch):
                expected = alone(single, inputs, place)
                assert np.array_equal(found["scores"][place : place + 1], expected["scores"])
    finally:
        dynamic.destroy_pool(pool)


@pytest.mark.parametrize("batch", BATCHES[1:])
def test_against_the_naive_evaluator(batch, tmp_path):
    fixed = copy.deepcopy(NETWORK)
    fixed["inputs"][0]["shape"][0] = batch
    inputs = {"x": samples(batch)}
    found = Library(compile_network(NETWORK, tmp_path, "--batch=dynamic", *CHECKED)).run(inputs)
    for name, expected in evaluate_reference(fixed, inputs, tmp_path).items():
        np.testing.assert_allclose(found[name], expected, atol=1e-5, err_msg=name)


def with_batch(cases, batch):
    return [Case(case.layer, tuple((batch, *shape[1:]) for shape in case.shapes), case.reduction, case.slack) for case in cases]


# Of one sample, as in test_gpu.py.
LARGEST_WORK = by_speed(4000, 20_000_000)
WINDOWS = {
    "convolutions": small(with_batch(random_cases(21, by_speed(40, 80), random_convolution), 1), LARGEST_WORK)[: by_speed(12, 80)],
    "transposed": small(with_batch(random_cases(22, by_speed(40, 80), random_transposed_convolution), 1), LARGEST_WORK)[: by_speed(8, 80)],
    "poolings": small(with_batch(random_cases(23, by_speed(40, 80), random_pooling), 1), LARGEST_WORK)[: by_speed(10, 80)],
}


@pytest.mark.parametrize("batch", (2, 7))
@pytest.mark.parametrize("name", WINDOWS)
def test_random_windows(name, batch, tmp_path):
    """Of shapes whose samples have any number of bytes."""
    cases = with_batch(WINDOWS[name], batch)
    assert len(cases) >= 8
    inputs = {key: values for place, case in enumerate(cases) for key, values in case.inputs(f"case{place}").items()}
    library = Library(compile_network(description_of(WINDOWS[name], name), tmp_path, "--batch=dynamic", *CHECKED))
    found = library.run(inputs)
    expected = evaluate_reference(description_of(cases, name), inputs, tmp_path)
    for place, case in enumerate(cases):
        check(case, found[f"case{place}"], expected[f"case{place}"], "compiled code", "the naive evaluator")


@pytest.mark.parametrize("name", INDEPENDENT)
def test_ways_of_a_batch(name, tmp_path):
    nodes, inputs, outputs, initializers = INDEPENDENT[name]
    path = tmp_path / "network.onnx"
    made = make_model(nodes, inputs, outputs, initializers, path)
    library = Library(compile_network(path, tmp_path, "--batch=dynamic", *ON_GPU))
    values = {key: 4 * samples(6, shape[1:], seed) for seed, (key, (_, shape)) in enumerate(inputs.items())}
    found, expected = library.run(values), run_onnx_model(made, values)
    for key, array in expected.items():
        np.testing.assert_allclose(found[key], array, atol=1e-5, err_msg=key)


@pytest.fixture(name="classifier", scope="module")
def compiled_classifier(tmp_path_factory):
    """Its model too. Samples of 768, 16 and 8 bytes, and an input that all of them share."""
    directory = tmp_path_factory.mktemp("classifier")
    path = directory / "classifier.onnx"
    made = make_model(
        CLASSIFIER,
        {"x": (F, ["N", 3, 8, 8]), "scale": (F, [4])},
        {"y": (F, ["N", 4]), "best": (I, ["N"])},
        CLASSIFIER_WEIGHTS,
        path,
    )
    return made, toeplitz.load(compile_network(path, directory, "--batch=dynamic", *CHECKED))


def test_an_input_that_all_samples_share(classifier):
    """And outputs of 8 and 16 bytes for each sample, which lie 16 bytes apart on the device."""
    made, network = classifier
    values = {"x": samples(7, (3, 8, 8)), "scale": np.array([1, -2, 3, 0.5], np.float32)}
    found, expected = network.run(values), run_onnx_model(made, values)
    np.testing.assert_allclose(found["y"], expected["y"], atol=1e-5)
    assert np.array_equal(found["best"], expected["best"])


@pytest.mark.parametrize("place", (0, 8))
@pytest.mark.parametrize("batch", BATCHES[1:])
def test_in_the_memory_of_the_device(classifier, batch, place):
    """Wherever a tensor begins: those whose samples aren't aligned there are copied."""
    made, network = classifier
    inputs = {"x": samples(batch, (3, 8, 8), seed=batch), "scale": np.array([1, -2, 3, 0.5], np.float32)}
    outputs = {"y": put_on_device(np.zeros((batch, 4), np.float32), place), "best": put_on_device(np.full(batch, -1))}
    network.run_device({"x": put_on_device(inputs["x"], place), "scale": put_on_device(inputs["scale"], 8 - place)}, outputs)
    expected = run_onnx_model(made, inputs)
    np.testing.assert_allclose(outputs["y"].read(), expected["y"], atol=1e-5)
    assert np.array_equal(outputs["best"].read(), expected["best"])


@pytest.mark.parametrize("batch", BATCHES)
def test_the_device_has_the_bits_of_the_host(batch, tmp_path):
    """With outputs of 28 and of 2760 bytes for each sample."""
    network = toeplitz.load(compile_network(NETWORK, tmp_path, "--batch=dynamic", *CHECKED))
    x = samples(batch)
    found = {name: put_on_device(np.full((batch, *shape), np.nan, np.float32)) for name, shape in (("scores", (7,)), ("pool", (23, 6, 5)))}
    network.run_device({"x": put_on_device(x)}, found)
    for name, values in network.run({"x": x}).items():
        assert np.array_equal(found[name].read(), values), name


def test_one_binary_with_the_code_of_the_processor(tmp_path):
    """Without a GPU it computes batches on the processor, whose threads share them, with the same bits; with one on that."""
    library = Library(compile_network(NETWORK, tmp_path, "--batch=dynamic", "--target=cuda,cpu"))
    expected = Library(compile_network(NETWORK, tmp_path, "--batch=dynamic"))
    x = samples(5)
    found, values = run_with_threads(library, {"x": x}, 2)["scores"], expected.run({"x": x})["scores"]
    np.testing.assert_allclose(found, values, rtol=0, atol=0 if IS_EMULATED else 1e-5)
