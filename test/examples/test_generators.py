"""The generators of the examples reproduce the committed descriptions, and the table of examples/README.md is what
count_work.py computes."""

import re
import subprocess
import sys

import count_work
import pytest

GENERATORS = sorted(count_work.FOLDER.glob("*/generate.py"))

# What torchvision's models have: sum(parameter.numel() for parameter in model.parameters()) (GoogLeNet and DeepLab without the
# heads that only training uses). For the others, their papers' or tutorials' layers added up by hand.
PARAMETERS = {
    "alexnet": 61_100_840,
    "vgg16": 138_357_544,
    "googlenet": 6_624_904,
    "resnet18": 11_689_512,
    "resnet50": 25_557_032,
    "resnext50": 25_028_904,
    "densenet121": 7_978_856,
    "squeezenet": 1_235_496,
    "mobilenet_v2": 3_504_872,
    "deeplab": 39_638_869,
    "r3d18": 33_371_472,
    # LeNet-5 with full connections: 156 + 2,416 + 48,120 + 10,164 + 850.
    "lenet5": 61_706,
    # The generator of PyTorch's DCGAN tutorial.
    "dcgan": 3_576_704,
}

# Multiply-adds of the convolutions and dense layers, in billions, as torchvision's documentation of its weights gives them.
BILLIONS = {
    "alexnet": 0.71,
    "vgg16": 15.47,
    "googlenet": 1.50,
    "resnet18": 1.81,
    "resnet50": 4.09,
    "resnext50": 4.23,
    "densenet121": 2.83,
    "squeezenet": 0.35,
    "mobilenet_v2": 0.30,
    "r3d18": 40.70,
}


def generate(generator, *options):
    command = [sys.executable, str(generator), *options, "--output", "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_table_has_every_generator():
    assert sorted(folder / "generate.py" for folder in count_work.examples()) == GENERATORS


@pytest.mark.parametrize("generator", GENERATORS, ids=lambda generator: generator.parent.name)
def test_generator_reproduces_description(generator):
    name = generator.parent.name
    assert generate(generator) == (generator.parent / f"{name}.json").read_text()


def test_resolution_and_batch():
    text = generate(count_work.FOLDER / "resnet18" / "generate.py", "--resolution", "96", "--batch", "2")
    assert '"shape": [2, 3, 96, 96]' in text


@pytest.fixture(scope="module")
def work():
    """The Work of each network, counted once."""
    return {folder.name: count_work.count_work(folder / f"{folder.name}.json") for folder in count_work.examples()}


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters(work, name):
    assert work[name].parameters == PARAMETERS[name]


@pytest.mark.parametrize("name", BILLIONS)
def test_multiply_adds(work, name):
    assert work[name].multiply_adds / 1e9 == pytest.approx(BILLIONS[name], abs=0.02)


def test_readme_table(work):
    row = re.compile(r"^\| \[.*\]\((\w+)/generate\.py\) .* \| ([\d,]+) \| ([\d,]+) \|$", re.MULTILINE)
    rows = row.findall(count_work.README.read_text())
    written = {name: (int(parameters.replace(",", "")), int(adds.replace(",", ""))) for name, parameters, adds in rows}
    assert written == {name: (counted.parameters, counted.multiply_adds) for name, counted in work.items()}
