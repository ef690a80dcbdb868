"""Prints the table of ONNX's tests at the end of a run that had them, and writes it into the build folder. Makes the machine's GPU ready
where tests run on it."""

import os
import time

import cuda_driver
import gpu_target
import pytest
from conformance_table import ConformanceTable, results_folder

_table = ConformanceTable()


def pytest_configure():
    try:
        gpu_target.check_machine()
    except cuda_driver.DriverError as error:
        raise pytest.UsageError(f"TOEPLITZ_TEST_GPU={gpu_target.ARCHITECTURE}: {error}") from None
    if not gpu_target.IS_EMULATED:
        cuda_driver.retain_context()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item):
    """Ends a process in which no more tests can pass, so that another one runs them."""
    if gpu_target.IS_EMULATED or not cuda_driver.is_lost():
        return
    if "PYTEST_XDIST_WORKER" in os.environ:
        time.sleep(1)  # The report of the test is on its way.
        os._exit(1)
    pytest.exit(f"the GPU is lost after {item.nodeid}", returncode=1)


def pytest_runtest_logreport(report):
    _table.add(report)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter):
    if not _table.rows:
        return
    path = results_folder() / "conformance.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_table.format() + "\n\n" + _table.summarize() + "\n")
    terminalreporter.section("conformance")
    terminalreporter.write_line(_table.format())
    terminalreporter.write_line(_table.summarize())
    terminalreporter.write_line(f"written to {path}")
