"""Measurements of two runs of the benchmark as one."""

import copy
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import merging


def run(seconds, first, memory):
    return {"seconds": seconds, "first": first, "memory": memory}


@pytest.fixture
def before():
    return {
        "network": "net",
        "weights": 100,
        "notes": {},
        "errors": {"toeplitz": 3e-6, "onnxruntime": 0.0, "openvino": 1e-6},
        "runs": {"1": {"toeplitz": run(1.0, 3.0, 10), "onnxruntime": run(4.0, 5.0, 30), "openvino": run(6.0, 7.0, 50)}},
        "versions": {"toeplitz": "", "onnxruntime": "1.0", "openvino": "2.0"},
        "compilation": {"seconds": 2.0, "peak_memory": 200, "library": 110, "code": 9},
        "digest": "a",
    }


@pytest.fixture
def now(before):
    now = copy.deepcopy(before)
    now["runs"] = {
        "1": {"toeplitz": run(2.0, 2.5, 12), "onnxruntime": run(3.0, 6.0, 20)},
        "2": {"toeplitz": run(0.5, 0.6, 13)},
    }
    now["errors"] = {"toeplitz": 2e-6, "onnxruntime": 0.0}
    now["versions"] = {"toeplitz": "", "onnxruntime": "1.0"}
    now["compilation"] = {"seconds": 3.0, "peak_memory": 150, "library": 110, "code": 9}
    return now


def test_shorter_runs_count(before, now):
    merged = merging.merge(before, now)
    assert merged["runs"]["1"]["toeplitz"] == run(1.0, 2.5, 12)
    assert merged["runs"]["1"]["onnxruntime"] == run(3.0, 5.0, 30)
    assert merged["runs"]["2"] == {"toeplitz": run(0.5, 0.6, 13)}
    assert merged["errors"] == {"toeplitz": 3e-6, "onnxruntime": 0.0}
    assert merged["compilation"] == {"seconds": 2.0, "peak_memory": 200, "library": 110, "code": 9}


def test_numbers_of_threads_are_kept(before, now):
    del now["runs"]["1"]
    assert merging.merge(before, now)["runs"] == {**before["runs"], **now["runs"]} | {
        "1": {name: before["runs"]["1"][name] for name in ("toeplitz", "onnxruntime")}
    }


@pytest.mark.parametrize("digest", ["b", None])
def test_another_library(before, now, digest):
    """The peers' times count, those of another compiler don't."""
    before["digest"] = digest
    merged = merging.merge(before, now)
    assert merged["runs"]["1"] == {"toeplitz": run(2.0, 2.5, 12), "onnxruntime": run(3.0, 5.0, 30)}
    assert merged["errors"]["toeplitz"] == 2e-6
    assert merged["compilation"] == now["compilation"]


def test_another_version(before, now):
    now["versions"]["onnxruntime"] = "1.1"
    merged = merging.merge(before, now)
    assert merged["runs"]["1"]["onnxruntime"] == run(3.0, 6.0, 20)
    assert merged["runs"]["1"]["toeplitz"]["seconds"] == 1.0


def test_other_weights(before, now):
    before["weights"] = 99
    assert merging.merge(before, now) == now


def test_arguments_stay(before, now):
    both = copy.deepcopy((before, now))
    merging.merge(before, now)
    assert (before, now) == both
