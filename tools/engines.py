"""Import an add-on's ``engine`` package without Odoo.

``from distrib_inventory.engine import geo`` would first run ``distrib_inventory/__init__.py`` and so need Odoo.
:func:`bind` registers each add-on as an empty package that has the add-on's folder as its path: its sub-packages
import as usual, its ``__init__`` does not run.
"""

import sys
import types
from pathlib import Path

ADDONS = Path(__file__).resolve().parent.parent / "addons"


def bind() -> None:
    """Make ``distrib_*.engine`` importable; safe to call twice."""
    for folder in sorted(ADDONS.iterdir()):
        if folder.name in sys.modules or not (folder / "engine").is_dir():
            continue
        package = types.ModuleType(folder.name)
        package.__path__ = [str(folder)]
        sys.modules[folder.name] = package
