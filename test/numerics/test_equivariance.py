"""What `toeplitz equivariance` claims about example networks and random ones, tested on the compiled networks: outputs shift as
claimed, to the bit where all positions are computed alike; and a claim that takes in one position more is found to be false,
so that the test can fail and the claims leave nothing out."""

import json
import pathlib
import subprocess
import sys

import pytest
from compiled_network import TOEPLITZ
from network_to_onnx import network_to_onnx
from random_networks import RandomNetwork

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"

# The resolution of each example, and the layers that become its outputs: those before the border spoils everything at it.
EXAMPLE_CASES = {
    "periodic_flow": (32, ["next_state"]),
    "wavenet": (300, ["layers.5.add", "layers.2.add"]),
    "unet": (48, ["encoder1.relu2", "encoder2.pool"]),
    "resnet18": (64, ["maxpool", "layer1.1.relu2"]),
    "lenet5": (28, ["pool1", "pool2"]),
    "deeplab": (48, ["backbone.layer1.2.relu3"]),
}


def run(description, *options):
    """The exit status and what is printed."""
    command = [TOEPLITZ, "equivariance", str(description), "--json", "--test", *options]
    process = subprocess.run(command, capture_output=True, text=True)
    assert process.returncode in (0, 1), process.stderr
    assert process.stdout, process.stderr
    return process.returncode, json.loads(process.stdout)


def check(description, *options):
    status, result = run(description, *options)
    assert status == 0, [test for test in result["tests"] if not test["holds"]]
    claims = {(axis["dimension"], claim["name"]): claim for axis in result["axes"] for claim in axis["outputs"]}
    tests = result["tests"]
    assert {(test["dimension"], test["output"]) for test in tests} == {
        key for key, claim in claims.items() if claim["kind"] in ("equivariant", "invariant")
    }
    assert all(test["elements"] > 0 for test in tests)
    spoiled = {
        key
        for key, claim in claims.items()
        if claim["kind"] == "equivariant" and "contents" not in claim and claim["positions"] != [0, claim["size"]]
    }
    spoiled &= {(test["dimension"], test["output"]) for test in tests if test["exact"]}
    if spoiled:
        _, result = run(description, "--widen", "1")
        false = {(test["dimension"], test["output"]) for test in result["tests"] if not test["holds"]}
        assert spoiled <= false, sorted(spoiled - false)
    return claims, tests


@pytest.mark.parametrize("name", EXAMPLE_CASES)
def test_example(name, tmp_path):
    resolution, outputs = EXAMPLE_CASES[name]
    path = tmp_path / f"{name}.json"
    command = [sys.executable, str(EXAMPLES / name / "generate.py"), "--output", str(path)]
    subprocess.run([*command, "--resolution", str(resolution), "--batch", "1"], check=True)
    description = json.loads(path.read_text())
    description["outputs"] = outputs
    path.write_text(json.dumps(description))
    # Transforms round differently at different positions of a tile.
    claims, tests = check(path, *(["--algorithm=direct"] if name == "periodic_flow" else []))
    assert all(claim["kind"] == "equivariant" for claim in claims.values())
    if name == "periodic_flow":
        assert all(claim["cyclic"] and claim["input_step"] == 1 for claim in claims.values())
        assert all(test["exact"] for test in tests)


@pytest.mark.parametrize("seed", (3, 5, 13))
def test_random_network(seed, tmp_path):
    """Every layer is an output."""
    description = RandomNetwork(seed, layers=14).description
    shape = description["inputs"][0]["shape"]
    shape[2:] = [5 * shape[2], 6 * shape[3]]
    description["outputs"] = [layer["name"] for layer in description["layers"]]
    path = tmp_path / "network.json"
    path.write_text(json.dumps(description))
    check(path)


@pytest.mark.parametrize("seed", (6, 18, 31))
def test_onnx_model_has_the_claims_of_its_description(seed, tmp_path):
    """The same network by other operations: resizes as gathers, means as reductions, padding apart from convolutions."""
    description = RandomNetwork(seed).description
    shape = description["inputs"][0]["shape"]
    shape[2:] = [6 * shape[2], 5 * shape[3]]
    description["outputs"] = [layer["name"] for layer in description["layers"]]
    path = tmp_path / "network.json"
    path.write_text(json.dumps(description))
    model = tmp_path / "network.onnx"
    model.write_bytes(network_to_onnx(str(path)).SerializeToString())
    claims = []
    for network in (path, model):
        process = subprocess.run([TOEPLITZ, "equivariance", str(network), "--json"], capture_output=True, text=True, check=True)
        axes = json.loads(process.stdout)["axes"]
        outputs = [(axis["dimension"], claim) for axis in axes for claim in axis["outputs"]]
        for _, claim in outputs:
            claim.pop("layer", None), claim.pop("reason", None)
        claims.append(outputs)
    assert claims[0] == claims[1]
    assert any(claim["kind"] == "equivariant" for _, claim in claims[0])
