"""The parts of the benchmark that compute: its tables and its picture, from measurements that are made up here."""

import pathlib
import sys
import xml.etree.ElementTree

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import chart
import engines
import networks
import report
import results

SVG = "{http://www.w3.org/2000/svg}"


def make_measurement(name, target, **times):
    """Milliseconds of the engines with one thread and with two; None where one was not measured."""

    def runs(place):
        return {
            engine: {"seconds": pair[place] / 1e3, "first": 3 * pair[place] / 1e3, "memory": 50_000_000}
            for engine, pair in times.items()
            if pair
        }

    return {
        "network": name,
        "target": target,
        "weights": 100_000_000,
        "runs": {"1": runs(0), "2": runs(1)},
        "errors": {engine: 2e-6 for engine, pair in times.items() if pair},
        "notes": {engine: "it | fails" for engine, pair in times.items() if not pair},
        "versions": {engine: "" if engine == "toeplitz" else "1.0" for engine, pair in times.items() if pair},
        "compilation": {"seconds": 4.25, "peak_memory": 300_000_000, "library": 101_000_000, "code": 123_456},
    }


@pytest.fixture
def measurements():
    return [
        make_measurement("a", 2.0, toeplitz=(10, 5), onnxruntime=(40, 20), ncnn=(25, 9)),
        make_measurement("b", 1.4, toeplitz=(10, 6), onnxruntime=(10, 12), ncnn=None),
    ]


def rows_of(text):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]


def test_the_fastest_peer_counts(measurements):
    header, _, a, b, mean = rows_of(report.run_table(measurements, "1"))
    assert header == ["1 thread", "Toeplitz, ms", "ONNX Runtime, ms", "ncnn, ms", "fastest peer / Toeplitz", "target", ""]
    assert a == ["a", "10.00", "40.00", "25.00", "2.50", "2", "held"]
    assert b == ["b", "10.00", "10.00", "-", "1.00", "1.4", "missed"]
    assert mean == ["geometric mean", "", "", "", "1.58", "", ""]  # the root of 2.5
    assert rows_of(report.run_table(measurements, "2"))[2][4:] == ["1.80", "2", "missed"]


def test_speedups_are_against_the_first_number_of_threads(measurements):
    header, _, a, b = rows_of(report.speedup_table(measurements))
    assert header == ["network", "threads, against 1", "Toeplitz", "ONNX Runtime", "ncnn"]
    assert a == ["a", "2", "2.00", "2.00", "2.78"]
    assert b == ["b", "2", "1.67", "0.83", "-"]


def test_compiling(measurements):
    measurements[1]["compilation"] = None
    header, _, a = rows_of(report.compilation_table(measurements))
    assert dict(zip(header, a)) == {
        "network": "a",
        "compiling, s": "4.2",
        "compiler, MB": "300",
        "allowed, MB": "750",
        "weights, MB": "100.0",
        "library, MB": "101.0",
        "code, MB": "0.12",
        "run, MB": "50",
        "first run / shortest": "3.00",
    }


def test_errors_are_those_against_the_reference(measurements):
    header, _, a, b = rows_of(report.error_table(measurements))
    assert header == ["largest error", "Toeplitz", "ncnn"] and a == ["a", "2.0e-06", "2.0e-06"] and b == ["b", "2.0e-06", "-"]


def test_what_was_not_measured_has_a_reason(measurements):
    text = report.describe(measurements, real_time=False)
    # (A bar would end a cell.)
    assert "Not measured:\n\n- b, ncnn: it / fails\n" in text
    assert "ONNX Runtime 1.0, ncnn 1.0; float32, batch 1." in text
    assert "Not measured" not in report.describe(measurements[:1], real_time=False)


def test_nothing_to_compare(measurements):
    alone = [make_measurement("a", 2.0, toeplitz=(10, 5))]
    assert rows_of(report.run_table(alone, "1"))[2:] == [["a", "10.00", "-", "2", "-"], ["geometric mean", "", "-", "", ""]]
    without = [make_measurement("a", 2.0, onnxruntime=(10, 5))]
    assert rows_of(report.run_table(without, "1"))[2] == ["a", "10.00", "-", "2", "-"]


def test_the_summary_has_the_ratios(measurements):
    lines = rows_of(report.summarize(measurements, real_time=True))
    assert lines[2] == ["network", "ms, 1 thread", "ms, 2 threads", "fastest peer / Toeplitz, 1 thread", "fastest peer / Toeplitz, 2 threads"]
    assert lines[4:] == [
        ["a", "10.00", "5.00", "2.50", "1.80"],
        ["b", "10.00", "6.00", "1.00", "2.00"],
        ["geometric mean", "", "", "1.58", "1.90"],
    ]
    assert "with real-time priority" in lines[0][0]


def test_a_page_keeps_what_is_around_the_measurements():
    page = "before\n" + results.START + "old\n" + results.END + "after\n"
    assert results.replace_measurements(page, "new\n") == "before\n" + results.START + "new\n" + results.END + "after\n"
    for path in (results.RESULTS, results.README):
        text = path.read_text()
        assert text.count(results.START) == text.count(results.END) == 1 and text.index(results.START) < text.index(results.END)


def test_the_machine_is_described():
    information = "processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: fpu avx2 avx512f\nprocessor\t: 1\nmodel name\t: Some CPU\n"
    assert results.describe_machine(information) == "Some CPU (AVX2, AVX-512), 2 logical cores"
    assert results.describe_machine("processor\t: 0\nFeatures\t: asimd\n") == "unknown processor (NEON), 1 logical cores"


def test_bars_are_as_long_as_ratios():
    picture = chart.draw([("a <b>", 2.0, [1.0, 2.0]), ("c", 1.25, [None, 0.5])], ["1 thread", "2 threads"])
    root = xml.etree.ElementTree.fromstring(picture)
    widths = [float(bar.attrib["width"]) for bar in root.findall(SVG + "rect") if float(bar.attrib.get("y", 0)) >= chart.TOP]
    assert len(widths) == 3 and widths[1] == pytest.approx(2 * widths[0], abs=0.2) and widths[2] == pytest.approx(widths[0] / 2, abs=0.2)
    texts = [text.text for text in root.findall(SVG + "text")]
    assert "a <b>" in texts and texts.count("not measured") == 1 and "0.50" in texts


def test_networks_are_found_by_their_names():
    assert networks.find_network("resnet18").origin == "torchvision"
    assert networks.find_network("examples/lenet5") == networks.Network("lenet5", "example", "lenet5")
    assert networks.find_network("examples/resnet18").origin == "example"
    assert networks.find_network("lenet5") is networks.find_network("examples/no_such_network") is None
    names = [network.name for network in networks.NETWORKS]
    assert len(set(names)) == len(names) and all(network.target >= networks.LEAST_TARGET for network in networks.NETWORKS)


@pytest.mark.parametrize(
    "script, reason",
    [
        ("echo loading; echo 'error: Foo is unsupported'; echo done; exit 1", "error: Foo is unsupported"),
        ("echo loading; exit 0", "loading"),  # it made nothing
        ("exit 3", "status 3"),
    ],
)
def test_a_converter_that_fails_says_why(tmp_path, script, reason):
    with pytest.raises(engines.NotConverted, match=f"^sh: {reason}$"):
        engines.run_converter(["sh", "-c", script], tmp_path / "model", tmp_path / "log")


def test_a_converter_that_works(tmp_path):
    engines.run_converter(["sh", "-c", "echo > model"], tmp_path / "model", tmp_path / "log")


def test_sections_are_replaced():
    """A section of a page: in the middle, at the end, and one that isn't there yet."""
    page = "# A\n\ntext\n\n## B\n\nold\n\n## C\n\nlast\n"
    assert results.replace_section(page, "## B", "## B\n\nnew\n") == "# A\n\ntext\n\n## B\n\nnew\n\n## C\n\nlast\n"
    assert results.replace_section(page, "## C", "## C\n\nnew") == "# A\n\ntext\n\n## B\n\nold\n\n## C\n\nnew\n"
    assert results.replace_section(page, "## D", "## D\n\nnew") == page + "\n## D\n\nnew\n"


def test_unseen_networks(measurements):
    """Times, errors and what wasn't measured."""
    section = report.describe_unseen(measurements, real_time=False)
    assert section.startswith("## Networks that nothing was tuned to\n")
    assert "| a | 10.00 | 40.00 | 25.00 | 2.50 | 2 | held |" in section
    assert "| 2 threads |" in section and "| largest error |" in section and "- b, ncnn: it / fails" in section


def test_networks_have_one_name():
    """Those of both tables, whose files lie in folders of their names."""
    names = [network.name for network in [*networks.NETWORKS, *networks.UNSEEN]]
    assert len(set(names)) == len(names)
    assert all(networks.find_network(name).name == name for name in names)
