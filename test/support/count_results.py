"""Adds up what lit and pytest report: prints `N passed, N failed, N skipped` as the last line and exits with 1 when a
test failed, a report is missing or nothing ran.

Use: count_results.py FOLDER REPORT..., each REPORT in FOLDER: lit's JSON (lit.json) or pytest's JUnit XML (pytest.xml).
"""

import collections
import json
import pathlib
import sys
import xml.etree.ElementTree

LIT_CODES = {
    "PASS": "passed",
    "FLAKYPASS": "passed",
    "XFAIL": "passed",
    "UNSUPPORTED": "skipped",
    "SKIPPED": "skipped",
    "EXCLUDED": "skipped",
}  # every other code (FAIL, XPASS, UNRESOLVED, TIMEOUT) is a failure


def count_lit(report):
    for test in json.loads(report.read_text())["tests"]:
        yield LIT_CODES.get(test["code"], "failed"), test["name"]


def count_pytest(report):
    for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            yield "failed", name
        elif case.find("skipped") is not None:
            yield "skipped", name
        else:
            yield "passed", name


def main():
    folder = pathlib.Path(sys.argv[1])
    counts = collections.Counter()
    for report in [folder / name for name in sys.argv[2:]]:
        if not report.exists():
            print(f"no report in {report}: the runner itself failed")
            counts["failed"] += 1
            continue
        count = count_lit if report.suffix == ".json" else count_pytest
        for outcome, name in count(report):
            counts[outcome] += 1
            if outcome == "failed":
                print(f"FAILED {name}")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
