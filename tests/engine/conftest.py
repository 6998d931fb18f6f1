"""Engine tests run without Odoo and without a database."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools import engines

engines.bind()
