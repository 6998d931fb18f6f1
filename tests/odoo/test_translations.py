"""Every string of every add-on is translated into 简体中文, and none is a guess."""

from odoo.tests import TransactionCase, tagged

from tools import i18n, paths


@tagged("post_install", "-at_install")
class TestTranslations(TransactionCase):
    def test_translations_are_complete(self):
        """What the add-on says now is in its file, and the file has a translation for it that is not fuzzy."""
        for addon in paths.SUITE:
            with self.subTest(addon=addon):
                path = paths.ADDONS / addon / "i18n" / "zh_CN.po"
                known = i18n.translated_terms(path)
                said = i18n.terms(self.env, addon)
                self.assertFalse(sorted(said - known), f"{addon}: run ./distrib i18n and translate")
                self.assertFalse(i18n.missing_terms(path), addon)

    def test_files_hold_nothing_else(self):
        """A string that is gone leaves its file: a reviewer reads only what users can see."""
        for addon in paths.SUITE:
            with self.subTest(addon=addon):
                path = paths.ADDONS / addon / "i18n" / "zh_CN.po"
                gone = i18n.translated_terms(path) - i18n.terms(self.env, addon)
                self.assertFalse(sorted(gone), f"{addon}: run ./distrib i18n")
