"""Measured times: what --tune writes, what a compilation makes of it, and what is wrong with broken files."""

import json

import pytest

from toeplitz_process import run_toeplitz, write_description

NETWORK = {
    "name": "tuned",
    "weights": {"random": 3},
    "inputs": [{"name": "x", "shape": [1, 4, 9, 9]}],
    "layers": [
        {"name": "conv1", "op": "conv", "out_channels": 16, "kernel_size": 3, "padding": 1},
        {"name": "relu1", "op": "relu"},
        {"name": "conv2", "op": "conv", "out_channels": 16, "kernel_size": 3, "padding": 1, "bias": False},
        {"name": "conv3", "op": "conv", "out_channels": 16, "kernel_size": 3, "padding": 1, "bias": False},
    ],
}


def explain(model, *options):
    process = run_toeplitz("explain", model, "--json", *options)
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """The description, and the file of its times."""
    directory = tmp_path_factory.mktemp("tuned")
    model = write_description(NETWORK, directory)
    times = directory / "times.json"
    process = run_toeplitz("compile", model, "--tune", "--tuned", times, "-o", directory / "libtuned.so")
    assert process.returncode == 0, process.stderr
    assert (directory / "libtuned.so").exists()
    return model, times


def candidates(layer):
    """Those that may be chosen where nobody asks for one."""
    return {
        entry["algorithm"]: entry
        for entry in layer["candidates"]
        if "declines" not in entry
    }


def test_every_candidate_of_distinct_layers_is_measured(tuned):
    model, times = tuned
    written = json.loads(times.read_text())
    assert written["format"] == "toeplitz-tuned"
    # conv3 is conv2 behind it; both have the same geometry and epilogue.
    assert len(written["layers"]) == 2
    expected = set(candidates(explain(model)["layers"][0]))
    for layer in written["layers"]:
        assert set(layer["microseconds"]) == expected
        assert all(time > 0 for time in layer["microseconds"].values())


def test_measured_best_is_chosen(tuned, tmp_path):
    """Whatever was measured: here the file says that what the estimates put last is the fastest."""
    model, times = tuned
    last = list(candidates(explain(model)["layers"][1]))[-1]
    changed = json.loads(times.read_text())
    for layer in changed["layers"]:
        for place, name in enumerate(sorted(layer["microseconds"])):
            layer["microseconds"][name] = 1 if name == last else 2 + place
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(changed))
    for layer in explain(model, "--tuned", path)["layers"]:
        assert (layer["algorithm"], layer["reason"]) == (last, "measured")
    process = run_toeplitz("compile", model, "--tuned", path, "--emit=schedule")
    assert process.stdout.count(f'kernel.conv "{last.partition(":")[0]}"') == 3
    # Times of another processor aren't these.
    for layer in explain(model, "--tuned", path, "--mcpu=x86-64-v2")["layers"]:
        assert layer["reason"] == "estimated" and "microseconds" not in layer["candidates"][0]
    # What the user forces comes first.
    assert explain(model, "--tuned", path, "--algorithm=direct")["layers"][0]["algorithm"] == "direct"


def test_times_are_extended_not_measured_again(tuned, tmp_path):
    model, times = tuned
    marked = json.loads(times.read_text())
    marked["layers"] = marked["layers"][:1]
    for name in marked["layers"][0]["microseconds"]:
        marked["layers"][0]["microseconds"][name] = 123456
    path = tmp_path / "marked.json"
    path.write_text(json.dumps(marked))
    process = run_toeplitz("compile", model, "--tune", "--tuned", path, "--emit=cnn")
    assert process.returncode == 0, process.stderr
    extended = json.loads(path.read_text())["layers"]
    assert len(extended) == 2
    assert sum(set(layer["microseconds"].values()) == {123456} for layer in extended) == 1


def test_explain_compares_estimates_with_times(tuned):
    model, times = tuned
    report = explain(model, "--tune", "--tuned", times)
    within = 0
    for layer in report["layers"]:
        entries = candidates(layer)
        assert layer["reason"] == "estimated"
        chosen, best = entries[layer["algorithm"]]["microseconds"], min(e["microseconds"] for e in entries.values())
        assert layer["model_to_best"] == pytest.approx(chosen / best)
        within += chosen <= 1.1 * best
    assert report["totals"]["measured_layers"] == 3
    assert report["totals"]["within_10_percent"] == within
    text = run_toeplitz("explain", model, "--tune", "--tuned", times).stdout
    assert f"{within} of 3 layers within 10 % of the measured best" in text


BROKEN = {
    "syntax": ('{"format": "toeplitz-tuned", ', "1:"),
    "other file": ('{"layers": []}', 'expected tuned times, an object with "format": "toeplitz-tuned"'),
    "no layers": ('{"format": "toeplitz-tuned", "algorithms": "1"}', "expected a string 'algorithms' and an array 'layers'"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_file(kind, tuned, tmp_path):
    content, problem = BROKEN[kind]
    path = tmp_path / "broken.json"
    path.write_text(content)
    for command in (("explain", tuned[0]), ("compile", tuned[0], "-o", tmp_path / "libnone.so")):
        process = run_toeplitz(*command, "--tuned", path)
        assert process.returncode == 1
        assert process.stderr.startswith("error: ") and "broken.json" in process.stderr and problem in process.stderr
    assert not (tmp_path / "libnone.so").exists()


@pytest.mark.parametrize(
    "change, problem",
    [
        (lambda layer: layer["microseconds"].update(direct=-1), "layers[0]: expected a positive number for 'direct'"),
        (lambda layer: layer.pop("lanes"), "layers[0]: expected a number 'lanes'"),
        (lambda layer: layer.update(layer=3), "layers[0]: expected a string 'layer'"),
        (lambda layer: layer.pop("microseconds"), "layers[0]: expected an object 'microseconds'"),
    ],
)
def test_broken_layer(change, problem, tuned, tmp_path):
    broken = json.loads(tuned[1].read_text())
    change(broken["layers"][0])
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(broken))
    process = run_toeplitz("explain", tuned[0], "--tuned", path)
    assert process.returncode == 1 and problem in process.stderr


def test_stale_file(tuned, tmp_path):
    """Made with other algorithms: a warning, and the estimates count."""
    stale = json.loads(tuned[1].read_text())
    stale["algorithms"] = "0 pointwise"
    path = tmp_path / "stale.json"
    path.write_text(json.dumps(stale))
    process = run_toeplitz("explain", tuned[0], "--tuned", path, "--json")
    assert process.returncode == 0
    assert "warning: --tuned: " in process.stderr and "tune again" in process.stderr
    assert all(layer["reason"] == "estimated" for layer in json.loads(process.stdout)["layers"])


def test_another_processor_is_not_measured(tuned, tmp_path):
    process = run_toeplitz("compile", tuned[0], "--tune", "--mcpu=x86-64-v2", "--tuned", tmp_path / "t.json", "-o", tmp_path / "lib.so")
    assert process.returncode == 1
    assert "--tune: this machine" in process.stderr and "x86-64-v2" in process.stderr
    assert not list(tmp_path.iterdir())
