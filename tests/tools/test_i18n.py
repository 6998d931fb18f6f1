import doctest

import polib

from tools import i18n


def test_examples():
    assert doctest.testmod(i18n).failed == 0


def test_empty_and_fuzzy_strings_are_missing(tmp_path):
    catalogue = polib.POFile()
    catalogue.extend(
        [
            polib.POEntry(msgid="Done", msgstr="完成"),
            polib.POEntry(msgid="Empty"),
            polib.POEntry(msgid="Doubtful", msgstr="存疑", flags=["fuzzy"]),
            polib.POEntry(msgid="Gone", obsolete=True),
        ]
    )
    catalogue.save(str(tmp_path / "zh_CN.po"))
    assert i18n.missing_terms(tmp_path / "zh_CN.po") == ["Empty", "Doubtful"]
