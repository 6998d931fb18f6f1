import base64
import io

import openpyxl
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .test_tariff import TariffCommon

HEAD = ("始发地", "目的地", "分区", "首重", "续重", "时效", "偏远附加费")


@tagged("post_install", "-at_install")
class TestTariffImport(TariffCommon):
    def load(self, tariff, *rows, head=HEAD, name="rates.xlsx", role="logistics"):
        book, out = openpyxl.Workbook(), io.BytesIO()
        for row in (head, *rows):
            book.active.append(row)
        book.save(out)
        model = self.env["distrib.tariff.import"].with_user(self.users[role])
        job = model.create({"tariff_id": tariff.id, "file": base64.b64encode(out.getvalue()), "file_name": name})
        job.action_start()
        return job

    def test_rows_become_zones_and_again_change_nothing(self):
        tariff = self.new_tariff(activate=False)
        rows = [("", "江苏、上海", "一区", 6, 1.5, 1, ""), ("TSZ", "南京市", "", 4, 1, 1, ""), ("", "全国", "", 20, 8, 4, ""),
                ("", "西藏", "", "", "", "", 10)]  # fmt: skip
        job = self.load(tariff, *rows)
        self.assertEqual((job.state, job.good_count, job.bad_count), ("done", 4, 0))
        found = {(line.origin_warehouse_id.code, line.region_id.code): line.first for line in tariff.line_ids}
        self.assertEqual(
            found, {(False, "320000"): 6.0, (False, "310000"): 6.0, ("TSZ", "320100"): 4.0, (False, False): 20.0}
        )
        self.assertEqual([(row.region_id.code, row.amount) for row in tariff.remote_ids], [("540000", 10.0)])
        lines = tariff.line_ids
        again = self.load(tariff, *rows)
        self.assertEqual((again.good_count, tariff.line_ids), (4, lines))
        tariff.action_activate()
        self.assertEqual(self.lanes(self.nanjing).first.tolist(), [[6.0, 4.0]])

    def test_bad_rows_have_reasons_and_the_rest_goes_on(self):
        tariff = self.new_tariff(activate=False)
        job = self.load(
            tariff, ("", "江苏", "", 6, 1, 1, ""), ("", "江苏省", "", 7, 1, 1, ""), ("", "亚特兰蒂斯", "", 6, 1, 1, ""),
            ("月球", "上海", "", 6, 1, 1, ""), ("", "浙江", "", "six", 1, 1, ""), ("", "安徽", "", 1, 5, 1, ""),
        )  # fmt: skip
        self.assertEqual((job.good_count, job.bad_count, len(tariff.line_ids)), (1, 5, 1))
        text = base64.b64decode(job.error_file).decode()
        for word in ("repeats row 2", "no region 亚特兰蒂斯", "月球", "six is not a number", "first fee 1 is less"):
            self.assertIn(word, text)

    def test_a_file_without_the_columns_fails_in_words(self):
        job = self.load(self.new_tariff(activate=False), ("x", 1), head=("foo", "bar"))
        self.assertEqual(job.state, "failed")
        self.assertIn("destination", job.message)

    def test_what_is_exported_can_be_imported(self):
        tariff = self.new_tariff((self.jiangsu.id, 6.0, 1.0), (False, 9.0, 2.0, self.central.id), activate=False)
        action = tariff.action_export()
        file = self.env["ir.attachment"].browse(int(action["url"].split("/")[3].split("?")[0]))
        other = self.new_tariff(activate=False)
        job = self.env["distrib.tariff.import"].create(
            {"tariff_id": other.id, "file": file.datas, "file_name": "again.xlsx"}
        )
        job.action_start()
        self.assertEqual(
            sorted(line._key() for line in other.line_ids), sorted(line._key() for line in tariff.line_ids)
        )

    def test_roles(self):
        with self.assertRaises(AccessError):
            self.load(self.new_tariff(activate=False), role="order_clerk")
