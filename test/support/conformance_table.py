"""Counts the outcomes of ONNX's tests by operator, where the reports of all test processes come together."""

import collections
import os
import pathlib

COLUMNS = ("passed", "of them with fixed inputs", "excluded", "refused", "failed")
OUTCOMES = ("passed", "excluded", "refused", "failed")


class ConformanceTable:
    def __init__(self):
        self.rows = collections.defaultdict(collections.Counter)

    def add(self, report):
        """A report of pytest's, if it is of one of these tests; a test process that died reports no outcome."""
        if "test_conformance[" not in report.nodeid or (report.when != "call" and report.passed):
            return
        properties = dict(report.user_properties)
        outcome = properties.get("outcome", "failed")
        if report.failed:
            outcome = "failed"
        row = self.rows[properties.get("subject", "ended without a report")]
        row[outcome] += 1
        # Inputs on which shapes depend are constants of the network, with the values that the test feeds.
        row["of them with fixed inputs"] += outcome == "passed" and properties.get("fixed", False)

    def format(self):
        """The table as Markdown; its last row adds up."""
        header = ("operator", *COLUMNS)
        total = sum(self.rows.values(), collections.Counter())
        rows = [(name, *(counts[column] for column in COLUMNS)) for name, counts in sorted(self.rows.items())]
        rows.append(("**all**", *(total[column] for column in COLUMNS)))
        lines = ["| " + " | ".join(header) + " |", "|---|" + "---:|" * len(COLUMNS)]
        lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
        return "\n".join(lines)

    def summarize(self):
        total = sum(self.rows.values(), collections.Counter())
        clean = sum(1 for counts in self.rows.values() if not counts["failed"] and counts["passed"])
        return (
            f"{sum(total[outcome] for outcome in OUTCOMES)} tests of ONNX: "
            + ", ".join(f"{total[outcome]} {outcome}" for outcome in OUTCOMES)
            + f"; {clean} operators pass all of theirs that aren't refused"
        )


def results_folder():
    root = pathlib.Path(__file__).resolve().parents[2]
    return pathlib.Path(os.environ.get("TOEPLITZ_BUILD", root / "build")) / "test-results"
