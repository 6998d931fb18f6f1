"""Where things are. Nothing here touches the disk except :func:`ensure`."""

import hashlib
import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
ADDONS = PROJECT / "addons"
STATE = Path(os.environ.get("DISTRIB_STATE") or PROJECT / ".distrib")
"""Private to this clone: virtual environment, embedded database, file store, logs."""
CACHE = Path(
    os.environ.get("DISTRIB_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "distrib"
)
"""Shared by all clones: the unpacked Odoo."""
VENV = STATE / "venv"
PYTHON = VENV / "bin" / "python"
RUN = STATE / "run"
LOGS = STATE / "logs"
DATA_DIR = STATE / "data"
PGDATA = STATE / "pg"
CONFIG = PROJECT / "odoo.conf"

SUITE = ["distrib_inventory", "distrib_orders", "distrib_dealer_portal", "distrib_logistics", "distrib_bi"]
CORE = [
    "rpc",
    "sale_stock",
    "sale_management",
    "purchase_stock",
    "purchase_edi_ubl_bis3",
    "stock_delivery",
    "product_expiry",
    "portal",
    "spreadsheet_dashboard_sale",
    "spreadsheet_dashboard_stock_account",
    "web_hierarchy",
]
"""What the core template holds: the add-ons' dependencies, so that installing the suite is short."""
LANGUAGES = "en_US,zh_CN"
"""Both are active; the first is that of a new database."""


def ensure(*folders: Path) -> None:
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)


def tree_hash(*roots: Path) -> str:
    """A short hash of every file below the roots (names and bytes); compiled files do not count."""
    digest = hashlib.sha256()
    for root in roots:
        files = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file())
        for path in files:
            if "__pycache__" in path.parts or path.suffix == ".pyc":
                continue
            digest.update(str(path.relative_to(root.parent)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
