"""./distrib up: everything from nothing to a running server."""

import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

from . import databases, debian, odoo_source, paths, settings
from .steps import Problem, say, step

HASH_KEY = "distrib.code_hash"


def up(options) -> None:
    """Set up what is missing, then serve until Ctrl-C."""
    odoo_source.ensure()
    for package in debian.install_missing():
        say(f"   without {package}: PDFs or Chinese fonts may be missing. Type: apt-get install {package}")
    pg = settings.server()
    base = databases.Databases(pg)
    name = settings.read()["db_name"]
    _ensure_database(base, name, str(options.scale), options.lang)
    port = options.port or settings.read()["http_port"]
    _check_port(int(port))
    _serve(base, name, str(port), options.stop)


def _ensure_database(base: databases.Databases, name: str, scale: str, lang: str) -> None:
    current = paths.tree_hash(paths.ADDONS)
    if not base.exists(name):
        template = base.demo(scale)
        work = f"{name}_new"
        base.drop(work)
        base.copy(template, work)
        set_hash(base, work, current)
        if lang:
            base.sql(f"UPDATE res_partner SET lang = '{_lang(lang)}' WHERE lang IS NOT NULL", work)
        base.rename(work, name)
    elif base.sql(f"SELECT value FROM ir_config_parameter WHERE key = '{HASH_KEY}'", name) != current:
        with step("update of the add-ons to this version"):
            base.odoo(name, "-u", ",".join(paths.SUITE))
            set_hash(base, name, current)


def set_hash(base: databases.Databases, name: str, value: str) -> None:
    base.sql(f"DELETE FROM ir_config_parameter WHERE key = '{HASH_KEY}'", name)
    base.sql(f"INSERT INTO ir_config_parameter (key, value) VALUES ('{HASH_KEY}', '{value}')", name)


def _lang(lang: str) -> str:
    if lang not in ("en_US", "zh_CN"):
        raise Problem(f"--lang {lang}: the suite speaks en_US and zh_CN", "./distrib up --lang zh_CN")
    return lang


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Problem(f"port {port} is taken", "./distrib up --port 8070") from error


def _serve(base: databases.Databases, name: str, port: str, stop: bool) -> None:
    conf = settings.write(paths.RUN / "odoo.conf", name, base.server, http_port=port)
    command = [str(paths.PYTHON), "-m", "odoo", "server", "-c", str(conf)]
    process = subprocess.Popen(command, env=settings.environment(base.server))
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        wait_for(f"http://127.0.0.1:{port}/web/login", process)
        say(f"\nDistribution is open at http://127.0.0.1:{port}/odoo  (password = login name)")
        base.call(name, "logins", quiet=False)
        say("   admin            everything (password: admin)\nCtrl-C stops it.")
        if not stop:
            process.wait()
    except KeyboardInterrupt:
        pass
    finally:
        process.terminate()
        process.wait()


def wait_for(url: str, process: subprocess.Popen, seconds: float = 90) -> None:
    """Wait until a page answers.

    :raises Problem: when the server ends or does not answer in time
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise Problem(f"the server ended with {process.returncode}", "./distrib doctor")
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.3)
    raise Problem(f"{url} does not answer after {seconds:.0f} s", "./distrib doctor")


def reset(options) -> None:
    """Drop the database (and with --all everything this clone built); asks first."""
    if not options.yes:
        answer = input("This drops the database with all its data. Type yes to go on: ")
        if answer.strip() != "yes":
            raise Problem("nothing was dropped")
    base = databases.Databases(settings.server())
    name = settings.read()["db_name"]
    wanted = [n for n in base.names() if n == name or (options.all and n.startswith(("tpl_", "scratch_", name)))]
    for database in wanted:
        base.drop(database)
        say(f"   dropped {database}")
    if options.all:
        shutil.rmtree(paths.LOGS, ignore_errors=True)
