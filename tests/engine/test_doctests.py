"""Every example in the docstrings of engines and connectors is run."""

import doctest
import importlib
from pathlib import Path

import pytest

ADDONS = Path(__file__).resolve().parents[2] / "addons"
MODULES = sorted(
    ".".join(path.relative_to(ADDONS).with_suffix("").parts)
    for room in ("engine", "connectors")
    for path in ADDONS.glob(f"*/{room}/**/*.py")
    if path.name != "__init__.py"
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0
