"""The compiler under test, and what it says that it compiles."""

import json

import pytest
from toeplitz_process import find_tool, run_toeplitz


@pytest.fixture(autouse=True, scope="session")
def compiler_of_the_build():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOEPLITZ", str(find_tool()))
        yield


@pytest.fixture(scope="session")
def operators():
    """Ranges of versions by operator."""
    return json.loads(run_toeplitz("operators", "--json").stdout)
