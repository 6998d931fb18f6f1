from odoo import fields, models

TARGET_NAMES = [
    ("store", "Store"),
    ("product", "Product"),
    ("day", "Day"),
    ("quantity", "Quantity"),
    ("unit", "Unit"),
    ("in_stock_hours", "Hours in Stock"),
    ("stockout_hours", "Hours out of Stock"),
    ("stockout_mask", "Hours out of Stock (bit mask)"),
    ("price", "Price"),
    ("promotion", "Promotion (yes or no)"),
    ("discount", "Discount (share of the price paid)"),
    ("city", "City or Region"),
    ("temperature", "Temperature"),
    ("rain", "Rain"),
    ("humidity", "Humidity"),
    ("wind", "Wind"),
]


class SalesImportColumn(models.Model):
    """What one column of an imported file means."""

    _name = "distrib.sales.import.column"
    _description = "Column of a Sales File"
    _order = "sequence, id"

    import_id = fields.Many2one("distrib.sales.import", required=True, ondelete="cascade", index=True)
    sequence = fields.Integer()
    name = fields.Char(string="Column", required=True, readonly=True)
    samples = fields.Char(readonly=True)
    target = fields.Selection(TARGET_NAMES, string="Means", help="Leave empty to ignore this column.")


class SalesImportPart(models.Model):
    """What became of one chunk of an imported file, so that an interrupted import finds its place again."""

    _name = "distrib.sales.import.part"
    _description = "Part of a Sales Import"
    _order = "number"

    import_id = fields.Many2one("distrib.sales.import", required=True, ondelete="cascade", index=True)
    number = fields.Integer(required=True)
    bad_rows = fields.Binary(attachment=True, help="The rejected rows, as lines of a CSV file.")

    _part_uniq = models.Constraint("unique(import_id, number)", "A part of a file is imported once.")
