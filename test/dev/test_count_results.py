"""The count that `./dev test` ends with: failures of any kind count as failures, and nothing run is no success."""

import json
import pathlib
import subprocess
import sys

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[1] / "support" / "count_results.py"

JUNIT = """<?xml version="1.0"?><testsuites><testsuite>
<testcase classname="a" name="good"/>
<testcase classname="a" name="wrong"><failure/></testcase>
<testcase classname="a" name="broken"><error/></testcase>
<testcase classname="a" name="left_out"><skipped/></testcase>
</testsuite></testsuites>"""


def count(folder, *codes, junit=None):
    """Exit status and last line for lit tests with these codes and a report of pytest."""
    (folder / "lit.json").write_text(json.dumps({"tests": [{"code": code, "name": code} for code in codes]}))
    if junit:
        (folder / "pytest.xml").write_text(junit)
    reports = ["lit.json"] + (["pytest.xml"] if junit is not None else [])
    result = subprocess.run([sys.executable, str(SCRIPT), str(folder), *reports], capture_output=True, text=True)
    return result.returncode, result.stdout.splitlines()[-1]


def test_all_passed(tmp_path):
    assert count(tmp_path, "PASS", "XFAIL", "UNSUPPORTED") == (0, "2 passed, 0 failed, 1 skipped")


@pytest.mark.parametrize("code", ["FAIL", "XPASS", "UNRESOLVED", "TIMEOUT"])
def test_failures(tmp_path, code):
    assert count(tmp_path, "PASS", code) == (1, "1 passed, 1 failed, 0 skipped")


def test_both_are_added_up(tmp_path):
    assert count(tmp_path, "PASS", junit=JUNIT) == (1, "2 passed, 2 failed, 1 skipped")


def test_missing_report(tmp_path):
    assert count(tmp_path, "PASS", junit="") == (1, "1 passed, 1 failed, 0 skipped")


def test_nothing_ran(tmp_path):
    assert count(tmp_path, "UNSUPPORTED") == (1, "0 passed, 0 failed, 1 skipped")
