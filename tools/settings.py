"""odoo.conf as written by the user, completed with what depends on this machine."""

import configparser
import os
from dataclasses import dataclass
from pathlib import Path

from . import odoo_source, paths, postgres


@dataclass(frozen=True)
class Server:
    """How to reach PostgreSQL. ``embedded`` is the project's own."""

    host: str
    port: str
    user: str
    password: str
    embedded: bool

    def environment(self) -> dict[str, str]:
        """Variables for PostgreSQL's programs and for libpq."""
        wanted = {"PGHOST": self.host, "PGPORT": self.port, "PGUSER": self.user, "PGPASSWORD": self.password}
        return os.environ | {key: value for key, value in wanted.items() if value}


def read() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(paths.CONFIG)
    return parser["options"]


def named_server() -> Server | None:
    """The server that odoo.conf or the environment names, if any."""
    options = read()
    host = options.get("db_host") or os.environ.get("PGHOST", "")
    if not host:
        return None
    return Server(
        host=host,
        port=options.get("db_port") or os.environ.get("PGPORT", ""),
        user=options.get("db_user") or os.environ.get("PGUSER", ""),
        password=options.get("db_password") or os.environ.get("PGPASSWORD", ""),
        embedded=False,
    )


def server() -> Server:
    """The PostgreSQL server to use; starts the embedded one when none is named."""
    named = named_server()
    if named:
        return named
    return Server(host=postgres.start(), port="", user=postgres.ROLE, password="", embedded=True)


def write(target: Path, database: str, pg: Server, **more: str) -> Path:
    """Write the complete configuration for one Odoo process and return its path."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(paths.CONFIG)
    options = parser["options"]
    folders = [*odoo_source.addons_path(odoo_source.ensure()), paths.ADDONS]
    options["addons_path"] = ",".join(str(folder) for folder in folders)
    options["data_dir"] = str(paths.DATA_DIR)
    options["db_name"] = database
    options["dbfilter"] = f"^{database}$"
    for key, value in {"db_host": pg.host, "db_port": pg.port, "db_user": pg.user, "db_password": pg.password}.items():
        if value:
            options[key] = value
    options.update(more)
    paths.ensure(target.parent, paths.DATA_DIR)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        parser.write(out)
    return target


def environment(pg: Server) -> dict[str, str]:
    """The environment of an Odoo process."""
    env = pg.environment()
    env["PYTHONPATH"] = os.pathsep.join([str(odoo_source.ensure()), str(paths.PROJECT)])
    env["PYTHONWARNINGS"] = "ignore"
    return env
