"""Layer normalisation of rows, against its formula in double precision: rows of every length, alone and side by side, of fewer elements
than a vector has, of several sums, and too long for single precision."""

import dataclasses

import numpy as np
import pytest
from onnx import helper
from onnx_cases import make_model

from test_algorithms import runs_here
from toeplitz_process import Library, compile_network, run_with_threads

MACHINES = ("x86-64", "x86-64-v3", "x86-64-v4")
ROUNDING = 2.0**-24


@dataclasses.dataclass(frozen=True)
class Rows:
    count: int
    length: int
    mean: float = 0  # far from which a variance is harder to compute
    spread: float = 1  # 0: equal numbers

    def draw(self, random):
        return (self.mean + self.spread * random.standard_normal((self.count, self.length))).astype(np.float32)


EDGES = [
    *(Rows(1 + length % 9, length) for length in range(1, 36)),
    *(Rows(5, length) for length in (63, 64, 65, 96, 127, 128, 129, 132, 133, 197, 256, 260, 261, 511, 513, 768, 1000, 1024, 1040)),
    *(Rows(6, length, 100, 0.1) for length in (2048, 4095, 4096, 4097, 9000)),
    Rows(197, 96),
    Rows(402, 33),
    Rows(7, 384, mean=1000),
    Rows(7, 77, mean=-1e5),
    Rows(8, 50, spread=1e-4),
    Rows(8, 50, mean=1e-3, spread=1e10),
    Rows(9, 40, mean=3, spread=0),
    Rows(9, 4096, mean=1e7, spread=0),
]


def random_rows(seed, count):
    random = np.random.default_rng(seed)
    for _ in range(count):
        count, length = (int(np.exp(random.uniform(0, limit))) for limit in (4, 8))
        yield Rows(count, length, float(random.normal(0, 30)), float(np.exp(random.normal())))


def make_network(cases, epsilon=1e-5):
    """The model, its inputs, and what it gives with a bound for its error."""
    random = np.random.default_rng(len(cases))
    nodes, inputs, expected, bounds = [], {}, {}, {}
    for i, rows in enumerate(cases):
        x = rows.draw(random)
        scale, shift = random.standard_normal((2, rows.length)).astype(np.float32)
        inputs |= {f"x{i}": x, f"scale{i}": scale, f"shift{i}": shift}
        nodes.append(helper.make_node("LayerNormalization", [f"x{i}", f"scale{i}", f"shift{i}"], [f"y{i}"], epsilon=epsilon))
        exact = x.astype(np.float64)
        centered = exact - exact.mean(-1, keepdims=True)
        deviation = np.sqrt(np.square(centered).mean(-1, keepdims=True) + np.float64(np.float32(epsilon)))
        normal = centered / deviation
        expected[f"y{i}"] = normal * scale + shift
        # Some roundings of each number, and of the mean of d = x - m, whose parts differ by a rounding of a number as large as x at most.
        distance = np.abs(centered) + np.abs(centered).mean(-1, keepdims=True) + 70 * ROUNDING * np.abs(exact).max(-1, keepdims=True)
        bounds[f"y{i}"] = ROUNDING * (5 * distance / deviation * np.abs(scale) + np.abs(shift) + np.abs(expected[f"y{i}"]))
    outputs = {name: y.astype(np.float32) for name, y in expected.items()}
    return make_model(nodes, inputs, outputs, 17, []), inputs, expected, bounds


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("cases", [EDGES, list(random_rows(7, 30))], ids=("edges", "random"))
def test_layer_norm(cases, machine, tmp_path):
    if not runs_here(machine):
        pytest.skip(f"this processor can't run code for {machine}")
    model, inputs, expected, bounds = make_network(cases)
    path = tmp_path / "norm.onnx"
    path.write_bytes(model.SerializeToString())
    library = Library(compile_network(path, tmp_path, f"--mcpu={machine}"))
    found = library.run(inputs)
    worst = {}
    for (name, y), rows in zip(expected.items(), cases, strict=True):
        worst[rows] = np.max(np.abs(found[name] - y) / bounds[name])
    assert max(worst.values()) <= 1, sorted(worst.items(), key=lambda item: -item[1])[:8]
    for threads in (2, 3):
        again = run_with_threads(library, inputs, threads)
        assert all(again[name].tobytes() == y.tobytes() for name, y in found.items())


def test_a_row_does_not_depend_on_its_neighbours(tmp_path):
    """Side by side or alone, a row has the same bits."""
    x, results = Rows(7, 100, mean=3).draw(np.random.default_rng(3)), []
    scale, shift = np.random.default_rng(4).standard_normal((2, 100)).astype(np.float32)
    for count in (7, 1):
        folder = tmp_path / str(count)
        folder.mkdir()
        inputs = {"x": x[-count:], "scale": scale, "shift": shift}
        node = helper.make_node("LayerNormalization", list(inputs), ["y"])
        path = folder / "norm.onnx"
        path.write_bytes(make_model([node], inputs, {"y": x[-count:]}, 17, []).SerializeToString())
        network = Library(compile_network(path, folder))
        results.append([network.run(inputs | {"x": np.roll(x, shift, 0)[-count:]})["y"][-1] for shift in range(7)])
    np.testing.assert_array_equal(*results)
