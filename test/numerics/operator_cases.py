"""Operators under test, and how they are run: many independent ones packed into one network with as many inputs and outputs.

A pack is compiled once, evaluated once and run in ONNX Runtime once; each of its operators is a test of its own.
"""

import dataclasses
import functools
import json
import tempfile
import zlib

import numpy as np

from network_to_onnx import NotInOnnx, network_to_onnx
from onnx_runtime import run_onnx_model
from toeplitz_process import CompilerError, Library, compile_network, evaluate_reference


@dataclasses.dataclass(frozen=True)
class Case:
    """One operator: a layer of the JSON format without name and inputs, and the shapes that it is given."""

    layer: dict
    shapes: tuple
    # The number of products or terms that one output sums up.
    reduction: int = 1
    # The tolerance's factor beyond that of a sum: an activation's error in units of 1e-5, say.
    slack: float = 1.0
    # Lowest and highest value of the inputs.
    domain: tuple = (-1.0, 1.0)
    # False where ONNX Runtime's own error is beyond the tolerance.
    trust_onnx_runtime: bool = True
    # The share of the inputs that are infinities and NaN.
    special_values: float = 0.0

    @functools.cached_property
    def label(self):
        parameters = {key: value for key, value in self.layer.items() if key != "op"}
        shapes = " ".join("x".join(map(str, shape)) for shape in self.shapes)
        return f"{self.layer['op']} of {shapes}, {json.dumps(parameters)}"

    def __hash__(self):
        return hash(self.label)

    def description(self, name, place=0, sparsity=0.0):
        """A network of this operator alone, with the names (which its random weights depend on) that it has in a pack."""
        return description_of([self], name, place, sparsity)

    def inputs(self, prefix):
        generator = np.random.default_rng(zlib.crc32(self.label.encode()))
        low, high = self.domain
        inputs = {}
        for i, shape in enumerate(self.shapes):
            values = (low + (high - low) * generator.random(shape)).astype(np.float32)
            if self.special_values:
                special = generator.choice(np.array([np.inf, -np.inf, np.nan], np.float32), shape)
                values = np.where(generator.random(shape) < self.special_values, special, values)
            inputs[f"{prefix}_x{i}"] = values
        return inputs

    @functools.cached_property
    def is_in_onnx(self):
        if not self.trust_onnx_runtime:
            return False
        try:
            network_to_onnx(self.description("alone"))
        except NotInOnnx:
            return False
        return True


def description_of(cases, name, first=0, sparsity=0.0):
    """A network in which each case reads its own inputs and is an output; `sparsity` is the share of zeros in its filters."""
    description = {"name": name, "weights": {"random": 1, "sparsity": sparsity}, "inputs": [], "layers": [], "outputs": []}
    for place, case in enumerate(cases, first):
        inputs = [f"case{place}_x{i}" for i in range(len(case.shapes))]
        description["inputs"] += [{"name": n, "shape": list(s)} for n, s in zip(inputs, case.shapes)]
        description["layers"].append({"name": f"case{place}", "inputs": inputs, **case.layer})
        description["outputs"].append(f"case{place}")
    return description


def inputs_of(cases):
    return {name: values for place, case in enumerate(cases) for name, values in case.inputs(f"case{place}").items()}


def tolerance(case, expected):
    """The largest error that float32 may make: 1e-5 of the largest output, more for sums of more than a thousand terms.

    A float32 sum of K random terms is off by about u sqrt(K/2) of its size, u = 2^-24 = 6e-8 (each of K additions rounds a partial
    sum that grows as sqrt(k)): 1.3e-6 for K = 1000. The factor of 8 to 1e-5 is for the largest error of many outputs and for other
    orders of summation; beyond a thousand terms the bound grows as the error does, as sqrt(K).
    """
    largest = np.max(np.abs(expected), initial=0.0)
    return 1e-5 * case.slack * max(1.0, np.sqrt(case.reduction / 1000.0)) * max(largest, 1e-3)


def check(case, found, expected, found_by, expected_by):
    """Fails with the operator and its parameters when `found` isn't `expected`."""
    who = f"{case.label}\n{found_by} against {expected_by}"
    assert found.shape == expected.shape, f"{who}: shape {found.shape}, expected {expected.shape}"
    assert np.array_equal(np.isnan(found), np.isnan(expected)), f"{who}: NaN in different places"
    infinite = np.isinf(expected)
    assert np.array_equal(found[infinite], expected[infinite]), f"{who}: infinities differ"
    ordinary = np.isfinite(expected)
    error = np.abs(np.where(ordinary, found, 0.0).astype(np.float64) - np.where(ordinary, expected, 0.0))
    limit = tolerance(case, expected[ordinary])
    if np.max(error, initial=0.0) > limit:
        worst = np.unravel_index(np.argmax(error), error.shape)
        raise AssertionError(
            f"{who}: at {tuple(map(int, worst))} found {found[worst]}, expected {expected[worst]}; "
            f"error {error[worst]:.3g}, tolerance {limit:.3g}; {np.count_nonzero(error > limit)} of {error.size} outputs are wrong"
        )


class Pack:
    """Cases that are compiled and run together. Results come at the first call and stay."""

    def __init__(self, name, cases, options=(), sparsity=0.0):
        self.name = name
        self.cases = list(cases)
        self.sparsity = sparsity
        self.options = tuple(options)

    @functools.cached_property
    def _inputs(self):
        return inputs_of(self.cases)

    @functools.cached_property
    def _reference(self):
        with tempfile.TemporaryDirectory() as directory:
            return evaluate_reference(description_of(self.cases, self.name, sparsity=self.sparsity), self._inputs, directory)

    def run(self, description, inputs):
        """The outputs of a network, compiled and run as the cases are."""
        with tempfile.TemporaryDirectory() as directory:
            return Library(compile_network(description, directory, *self.options)).run(inputs)

    @functools.cached_property
    def _compiled(self):
        """The outputs, or the error of the compiler."""
        try:
            return self.run(description_of(self.cases, self.name, sparsity=self.sparsity), self._inputs)
        except CompilerError as error:
            return error

    def reference(self, place):
        return self._reference[f"case{place}"]

    def compiled(self, place):
        """The output of one case. Where the whole pack doesn't compile, the case is compiled alone, to blame the right one."""
        if not isinstance(self._compiled, CompilerError):
            return self._compiled[f"case{place}"]
        case = self.cases[place]
        try:
            return self.run(case.description("alone", place, self.sparsity), case.inputs(f"case{place}"))[f"case{place}"]
        except CompilerError as error:
            raise AssertionError(f"{case.label}\ndoes not compile: {error}") from None

    def onnx_runtime(self, place):
        case = self.cases[place]
        model = network_to_onnx(case.description("alone", place, self.sparsity))
        return run_onnx_model(model, case.inputs(f"case{place}"))[f"case{place}"]

    def check_compiled_against_reference(self, place):
        check(self.cases[place], self.compiled(place), self.reference(place), "compiled code", "the evaluator")

    def check_compiled_against_onnx_runtime(self, place):
        check(self.cases[place], self.compiled(place), self.onnx_runtime(place), "compiled code", "ONNX Runtime")

    def check_reference_against_onnx_runtime(self, place):
        check(self.cases[place], self.reference(place), self.onnx_runtime(place), "the evaluator", "ONNX Runtime")


def packs_of(name, cases, size=25, options=()):
    return [Pack(f"{name}{i // size}", cases[i : i + size], options) for i in range(0, len(cases), size)]


def members(packs):
    """What to parametrise tests with: (pack, place) for each case."""
    return [(pack, place) for pack in packs for place in range(len(pack.cases))]


def comparisons(packs):
    """(pack, place, method of Pack): each case compared in every way there is, a pack's tests beside each other."""
    result = []
    for pack, place in members(packs):
        result.append((pack, place, Pack.check_compiled_against_reference))
        if pack.cases[place].is_in_onnx:
            result.append((pack, place, Pack.check_compiled_against_onnx_runtime))
            result.append((pack, place, Pack.check_reference_against_onnx_runtime))
    return result


def member_name(value):
    """The id of a parametrised test."""
    if isinstance(value, Pack):
        return value.name
    return value.__name__.removeprefix("check_") if callable(value) else str(value)
