"""Refresh an add-on's ``i18n/zh_CN.po``: new strings come in empty, gone ones leave, translations stay."""

import ast
import io
from collections.abc import Iterable
from pathlib import Path

import polib

from .paths import ADDONS
from .steps import say

LANGUAGE = "zh_CN"


def update(env, addon: str) -> int:
    """Export the strings of an installed add-on and merge them into its translation file.

    Names that a CSV data file translates itself (columns like ``name@zh_CN``) are not among them.

    :param env: an Odoo environment of a database in which the add-on is installed and up to date
    :return: how many strings have no translation, or one to be checked (fuzzy)
    """
    path = ADDONS / addon / "i18n" / f"{LANGUAGE}.po"
    catalogue = merge(polib.pofile(str(path)) if path.exists() else polib.POFile(), _exported(env, addon), addon)
    path.parent.mkdir(exist_ok=True)
    catalogue.save(str(path))
    missing = missing_terms(path)
    say(f"{addon}: {len(catalogue)} strings, {len(missing)} without a translation")
    return len(missing)


def merge(catalogue: polib.POFile, template: list[polib.POEntry], addon: str) -> polib.POFile:
    """The template's strings in its order, with the catalogue's translations.

    A string whose wording changed has lost its translation: guessing (fuzzy matching) would hide that.

    >>> old, new = polib.POFile(), polib.POFile()
    >>> old.extend([polib.POEntry(msgid="Stock", msgstr="库存"), polib.POEntry(msgid="Gone", msgstr="无")])
    >>> new.extend([polib.POEntry(msgid="New"), polib.POEntry(msgid="Stock")])
    >>> [(entry.msgid, entry.msgstr) for entry in merge(old, new, "x")]
    [('New', ''), ('Stock', '库存')]
    """
    known = {entry.msgid: entry for entry in catalogue if not entry.obsolete}
    merged = polib.POFile(wrapwidth=0)
    merged.header = f"Translation of {addon}"
    # No dates: the file changes when a string does.
    merged.metadata = {
        "Project-Id-Version": addon,
        "Language": LANGUAGE,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
    }
    for entry in template:
        if old := known.get(entry.msgid):
            entry.msgstr = old.msgstr
            entry.flags = [flag for flag in old.flags if flag == "fuzzy"]
        merged.append(entry)
    return merged


def missing_terms(path: Path) -> list[str]:
    """Strings of a translation file that are empty or fuzzy."""
    return [
        entry.msgid
        for entry in polib.pofile(str(path))
        if not entry.obsolete and (entry.fuzzy or not entry.msgstr.strip())
    ]


def terms(env, addon: str) -> set[str]:
    """The strings that an installed add-on says now."""
    return {entry.msgid for entry in _exported(env, addon)}


def translated_terms(path: Path) -> set[str]:
    """The strings that a translation file knows, translated or not."""
    return {entry.msgid for entry in polib.pofile(str(path)) if not entry.obsolete}


def _exported(env, addon: str) -> list[polib.POEntry]:
    from odoo.tools.translate import trans_export

    buffer = io.BytesIO()
    trans_export(None, [addon], buffer, "po", env)
    template = polib.pofile(buffer.getvalue().decode())
    marked = marked_strings(path.read_text() for path in sorted((ADDONS / addon).rglob("*.py")))
    return [entry for entry in template if not _is_mistaken(entry, marked)]


def marked_strings(sources: Iterable[str]) -> set[str]:
    """The strings that Python sources pass to ``_`` or ``_lt``.

    >>> sorted(marked_strings(['[self.env._("Late"), ("state", "=", "done"), _("In " "two parts")]']))
    ['In two parts', 'Late']
    """
    return {
        node.args[0].value
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", getattr(node.func, "id", "")) in {"_", "_lt"}
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }


def _is_mistaken(entry: polib.POEntry, marked: set[str]) -> bool:
    """Odoo's extractor takes a tuple that follows a call of ``_`` for another call, and its first string for a term."""
    sources = [line for line in entry.comment.splitlines() if line.startswith("odoo-")]
    only_python = all(place.startswith("code:") for place, _line in entry.occurrences) and sources == ["odoo-python"]
    return only_python and entry.msgid not in marked
