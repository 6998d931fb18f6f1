"""Databases by template: ``core`` (Odoo's modules), ``suite`` (the five add-ons), ``demo`` (with the demo network).

A template's name carries a hash of what went into it; it is built under a working name and renamed when it is whole,
so a killed run leaves nothing that looks finished. A database made from a template takes about a second.
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from . import odoo_source, paths, postgres, settings
from .steps import Problem, lock, run, say, step

KEEP = 2
"""How many generations of a template are kept, so that a run beside this one does not lose its own."""


class Databases:
    """The databases of one PostgreSQL server, by name."""

    def __init__(self, server: settings.Server):
        self.server = server

    def sql(self, statement: str, database: str = "postgres") -> str:
        command = [postgres.binary("psql"), "-X", "-v", "ON_ERROR_STOP=1", "-d", database, "-tAc", statement]
        done = subprocess.run(command, capture_output=True, text=True, env=self.server.environment())
        if done.returncode:
            raise Problem(f"PostgreSQL says: {done.stderr.strip()}", "./distrib doctor")
        return done.stdout.strip()

    def names(self) -> list[str]:
        return self.sql("SELECT datname FROM pg_database ORDER BY oid").splitlines()

    def exists(self, name: str) -> bool:
        return name in self.names()

    def copy(self, template: str, name: str) -> None:
        """Make a database and its file store from a template."""
        self.sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        shutil.rmtree(_filestore(name), ignore_errors=True)
        if _filestore(template).exists():
            shutil.copytree(_filestore(template), _filestore(name), copy_function=_link)

    def create(self, name: str) -> None:
        self.sql(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C'")

    def drop(self, name: str) -> None:
        self.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        shutil.rmtree(_filestore(name), ignore_errors=True)

    def rename(self, old: str, new: str) -> None:
        # The file store goes first: a database that is there under its final name is whole.
        shutil.rmtree(_filestore(new), ignore_errors=True)
        if _filestore(old).exists():
            _filestore(old).rename(_filestore(new))
        self.sql(f'ALTER DATABASE "{old}" RENAME TO "{new}"')

    def odoo(self, database: str, *arguments: str) -> None:
        """Run Odoo once on a database (``-i``, ``-u``), with the output in a log."""
        conf = settings.write(paths.RUN / f"{database}.conf", database, self.server, log_level="info")
        command = [paths.PYTHON, "-m", "odoo", "server", "-c", conf, *arguments, "--stop-after-init", "--no-http"]
        run(command, paths.LOGS / f"{database}.log", settings.environment(self.server))

    def call(self, database: str, function: str, *arguments: str, quiet: bool = True) -> None:
        """Run ``tools.inside:function(env, *arguments)`` in an Odoo environment of a database."""
        conf = settings.write(paths.RUN / f"{database}.conf", database, self.server)
        command = [str(paths.PYTHON), "-m", "tools.inside", str(conf), function, *arguments]
        env = settings.environment(self.server)
        if quiet:
            run(command, paths.LOGS / f"{database}.log", env, paths.PROJECT)
        elif subprocess.run(command, env=env, cwd=paths.PROJECT).returncode:
            raise Problem(f"{function} failed on database {database}")

    # -- templates -----------------------------------------------------------

    def core(self) -> str:
        name = f"tpl_core_{_core_key()}"
        with self._build(name, "core template: Odoo's own modules") as work:
            if work:
                self.create(work)
                self.odoo(work, "-i", ",".join(paths.CORE), "--load-language", paths.LANGUAGES)
        return name

    def suite(self) -> str:
        name = f"tpl_suite_{_suite_key()}"
        core = self.core()
        with self._build(name, "suite template: the five add-ons") as work:
            if work:
                self.copy(core, work)
                self.odoo(work, "-i", ",".join(paths.SUITE))
        return name

    def demo(self, scale: str = "1") -> str:
        name = f"tpl_demo{'' if scale == '1' else scale}_{_suite_key()}"
        core = self.core()
        with self._build(name, "demo template: the network with a year of sales") as work:
            if work:
                self.copy(core, work)
                self.odoo(work, "-i", ",".join([*paths.SUITE, "l10n_cn"]))
                self.call(work, "demo", scale)
        return name

    @contextlib.contextmanager
    def _build(self, name: str, title: str) -> Iterator[str | None]:
        """Yield a working name to build under, or None when the template is there already."""
        with lock(paths.STATE / f"{name.rsplit('_', 1)[0]}.lock", f"another run builds the {title}"):
            if self.exists(name):
                yield None
                return
            with step(title):
                work = f"{name}_building"
                self.drop(work)
                yield work
                self.rename(work, name)
            self._forget_old(name.rsplit("_", 1)[0])

    def _forget_old(self, family: str) -> None:
        generations = [n for n in self.names() if n.startswith(f"{family}_") and not n.endswith("_building")]
        for old in generations[:-KEEP]:
            try:
                self.drop(old)
            except Problem as problem:  # in use by another run: its next one clears it
                say(f"   kept {old}: {problem.what}")

    @contextlib.contextmanager
    def scratch(self, template: str, purpose: str) -> Iterator[str]:
        """A database of this process, dropped at the end. Leftovers of dead processes are dropped first."""
        self._drop_orphans()
        name = f"scratch_{purpose}_{os.getpid()}"
        self.drop(name)
        self.copy(template, name)
        # A scratch database may lose its last moment in a crash; it gains speed.
        self.sql(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
        try:
            yield name
        finally:
            self.drop(name)

    def _drop_orphans(self) -> None:
        for name in self.names():
            pid = name.rsplit("_", 1)[-1]
            if name.startswith("scratch_") and pid.isdigit() and not Path(f"/proc/{pid}").exists():
                self.drop(name)


def _filestore(name: str) -> Path:
    return paths.DATA_DIR / "filestore" / name


def _link(source: str, target: str) -> None:
    """File stores are addressed by content and never changed in place, so a hard link is a copy."""
    os.link(source, target)


def _core_key() -> str:
    release = odoo_source.ensure() / "odoo" / "release.py"
    return hashlib.sha256(release.read_bytes() + ",".join([*paths.CORE, paths.LANGUAGES]).encode()).hexdigest()[:8]


def _suite_key() -> str:
    return f"{paths.tree_hash(paths.ADDONS)}{_core_key()[:4]}"
