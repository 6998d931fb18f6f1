"""OCA ddmrp as a peer: installed into a folder and a database of its own, given the same pairs, its crons timed.

The add-ons are those of the Python index for Odoo 19.0 and are no dependency of the suite; they live in a folder beside
the unpacked Odoo. The database holds core and ddmrp alone, so that nothing of ours slows it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from tools import databases, odoo_source, paths, settings
from tools.steps import Problem, step

PACKAGES = (
    "odoo-addon-ddmrp==19.0.*",
    "odoo-addon-base_cron_exclusion==19.0.*",
    "odoo-addon-mrp_multi_level==19.0.*",
    "odoo-addon-mrp_warehouse_calendar==19.0.*",
    "odoo-addon-stock_demand_estimate==19.0.*",
    "odoo-addon-stock_location_is_sublocation==19.0.*",
    "odoo-addon-stock_move_quantity_product_uom==19.0.*",
    "odoo-addon-stock_warehouse_calendar==19.0.*",
    "odoo-addon-web_widget_bokeh_chart==19.0.*",
    "bokeh==3.9.0",
    "narwhals",
    "contourpy",
    "tornado",
    "xyzservices",
    "PyYAML",
    "packaging",
)
SCRIPT = Path(__file__).with_name("_ddmrp_script.py")


def seconds_a_pair(history: list) -> tuple[float, float]:
    """Return seconds for a pair of ddmrp's two crons: the average daily usage, and the buffers.

    ``history``: a dict for each pair with ``warehouse`` and ``product`` (any integers) and ``quantities``, units of the
    last days up to yesterday.
    """
    folder = _packages()
    base = databases.Databases(settings.server())
    with base.scratch(base.core(), "ddmrp") as name, step(f"ddmrp on {len(history)} of the same pairs"):
        conf = settings.write(paths.RUN / f"{name}.conf", name, base.server, max_cron_threads="0")
        source = odoo_source.ensure()
        addons = ",".join([str(source / "odoo" / "addons"), str(folder / "odoo" / "addons")])
        data = paths.RUN / f"{name}.json"
        data.write_text(json.dumps(history))
        try:
            return _measured(conf, name, addons, source, folder, data)
        finally:
            data.unlink()


def _measured(conf: Path, name: str, addons: str, source: Path, folder: Path, data: Path) -> tuple[float, float]:
    common = [sys.executable, "-m", "odoo"]
    more = ["-c", str(conf), "-d", name, f"--addons-path={addons}", "--no-http", "--log-level=error"]
    # the peer's libraries come last: what Odoo uses stays as it is
    places = os.pathsep.join([str(source), str(folder)])
    known = os.environ | {"PYTHONPATH": places, "DISTRIB_DDMRP": str(data)}
    _run([*common, "server", *more, "-i", "ddmrp", "--stop-after-init"], known)
    text = _run([*common, "shell", *more], known, SCRIPT.read_text())
    found = [line for line in text.splitlines() if line.startswith("DDMRP ")]
    if not found:
        raise Problem("ddmrp did not answer", "./distrib bench policy_run --no-peer")
    adu, buffers = (float(word) for word in found[-1].split()[1:])
    return adu, buffers


def _run(command: list, environment: dict, text: str | None = None) -> str:
    done = subprocess.run(command, env=environment, input=text, capture_output=True, text=True)
    if done.returncode:
        raise Problem(f"ddmrp could not run: {done.stderr.strip()[-800:]}", "./distrib bench policy_run --no-peer")
    return done.stdout


def _packages() -> Path:
    """The folder with ddmrp and what it needs; the packages' own dependency on Odoo is met by the unpacked one."""
    folder = paths.CACHE / "ddmrp-19.0"
    if not (folder / "odoo" / "addons" / "ddmrp").exists():
        with step("ddmrp from the Python index"):
            command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder), *PACKAGES]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise Problem(f"pip: {done.stderr.strip()[-400:]}", "./distrib bench policy_run --no-peer")
    return folder
