from lxml import etree
from odoo import fields, models
from odoo.addons.account.tools import dict_to_xml
from odoo.addons.account_edi_ubl_cii.tools import Order

SPEC = "urn:fdc:peppol.eu:poacc:trns:"
ADVANCED = "urn:fdc:peppol.eu:poacc:bis:advanced_ordering:3"
ROOTS = {"order": "Order", "change": "OrderChange", "cancel": "OrderCancellation"}
PERIOD = {"cbc:StartDate": {}, "cbc:EndDate": {}}
REFERENCE = {"cbc:ID": {}}


def _with(template, key, after, value):
    """A copy of a template with one more node behind another."""
    made = {}
    for name, node in template.items():
        made[name] = node
        if name == after:
            made[key] = value
    return made


_LINE = _with(Order["cac:OrderLine"]["cac:LineItem"], "cbc:LineStatusCode", "cbc:Note", {})
_LINE = _with(_LINE, "cac:Delivery", "cbc:TotalTaxAmount", {"cbc:Quantity": {}, "cac:RequestedDeliveryPeriod": PERIOD})
_DELIVERY = _with(Order["cac:Delivery"], "cac:RequestedDeliveryPeriod", "cac:DeliveryLocation", PERIOD)
_ORDER = {**Order, "cac:Delivery": _DELIVERY, "cac:OrderLine": {"cac:LineItem": _LINE}}
_CHANGE = {name: node for name, node in _ORDER.items() if name not in ("cbc:OrderTypeCode", "cac:ValidityPeriod")}
_CHANGE = _with(_CHANGE, "cbc:SequenceNumberID", "cbc:IssueDate", {})
_CHANGE = _with(_CHANGE, "cac:OrderReference", "cbc:DocumentCurrencyCode", REFERENCE)
_CANCEL = {
    "cbc:CustomizationID": {},
    "cbc:ProfileID": {},
    "cbc:ID": {},
    "cbc:IssueDate": {},
    "cbc:CancellationNote": {},
    "cac:OrderReference": REFERENCE,
    "cac:BuyerCustomerParty": Order["cac:BuyerCustomerParty"],
    "cac:SellerSupplierParty": Order["cac:SellerSupplierParty"],
}
TEMPLATES = {"order": _ORDER, "change": {**_CHANGE, "_tag": "OrderChange"},
             "cancel": {"_tag": "OrderCancellation", **_CANCEL}}  # fmt: skip


class SupplierUbl(models.AbstractModel):
    """Core's UBL order, with what a supplier of a chain needs besides: line numbers that stay, wanted days, the warehouse
    as the place of delivery; and the change and cancellation of Peppol's Advanced Ordering (T114, T115).
    """

    _name = "distrib.supplier.ubl"
    _inherit = "purchase.edi.xml.ubl_bis3"
    _description = "Supplier Order in UBL 2.1"

    def _export(self, message):
        """The UBL document of a message, as bytes."""
        vals = {"purchase_order": message.purchase_id, "message": message}
        node = self._cancellation_node(vals) if message.kind == "cancel" else self._get_purchase_order_node(vals)
        space = f"urn:oasis:names:specification:ubl:schema:xsd:{ROOTS[message.kind]}-2"
        xml = dict_to_xml(node, template=TEMPLATES[message.kind], nsmap={**self._get_document_nsmap(vals), None: space})
        return etree.tostring(xml, xml_declaration=True, encoding="UTF-8")

    def _cancellation_node(self, vals):
        self._add_purchase_order_config_vals(vals)
        self._add_purchase_order_currency_vals(vals)
        vals["base_lines"] = []
        node = {}
        self._add_purchase_order_header_nodes(node, vals)
        self._add_purchase_order_buyer_customer_party_nodes(node, vals)
        self._add_purchase_order_seller_supplier_party_nodes(node, vals)
        return {name: part for name, part in node.items() if name in _CANCEL}

    def _add_purchase_order_config_vals(self, vals):
        done = super()._add_purchase_order_config_vals(vals)
        warehouse = vals["purchase_order"].picking_type_id.warehouse_id
        if warehouse.partner_id and not vals["purchase_order"].dest_address_id:
            vals["partner_shipping"] = warehouse.partner_id
        return done

    def _add_purchase_order_base_lines_vals(self, vals):
        """As in core, with the quantities of split lines under the line that was ordered."""
        done = super()._add_purchase_order_base_lines_vals(vals)
        content = vals["message"].content["lines"]
        vals["distrib_lines"] = {int(line["line"]): line for line in content}
        return done

    def _add_purchase_order_header_nodes(self, document_node, vals):
        super()._add_purchase_order_header_nodes(document_node, vals)
        message = vals["message"]
        document_node["cbc:IssueDate"] = {"_text": fields.Date.context_today(message)}
        if message.kind == "order":
            return
        document_node.update(
            {
                "cbc:CustomizationID": {
                    "_text": SPEC + ("order_change:3" if message.kind == "change" else "order_cancellation:3")
                },
                "cbc:ProfileID": {"_text": ADVANCED},
                "cbc:ID": {"_text": f"{vals['purchase_order'].name}-v{message.version}"},
                "cac:OrderReference": {"cbc:ID": {"_text": vals["purchase_order"].name}},
                "cbc:CancellationNote": {"_text": self.env._("The order is cancelled.")},
                "cbc:SequenceNumberID": {"_text": message.version},
            }
        )
        if message.kind == "change":
            del document_node["cbc:CancellationNote"], document_node["cbc:OrderTypeCode"]

    def _add_purchase_order_delivery_nodes(self, document_node, vals):
        done = super()._add_purchase_order_delivery_nodes(document_node, vals)
        days = [part["date"] for line in vals["distrib_lines"].values() for part in line["deliveries"]]
        if days:
            document_node["cac:Delivery"]["cac:RequestedDeliveryPeriod"] = _period(min(days), max(days))
        return done

    def _add_purchase_order_line_nodes(self, document_node, vals):
        done = super()._add_purchase_order_line_nodes(document_node, vals)
        if vals["message"].kind == "change":
            document_node["cac:OrderLine"] += self._removed_lines(vals)
        return done

    def _add_purchase_order_line_id_nodes(self, line_node, vals):
        line = vals["base_line"]["record"]
        line_node["cbc:ID"] = {"_text": line.id}
        root = line.distrib_root_id or line
        if root != line:
            line_node["cbc:Note"] = {"_text": f"{root.id}"}
        line_node["cac:Delivery"] = {"cac:RequestedDeliveryPeriod": _period(*[line._distrib_day().isoformat()] * 2)}
        if vals["message"].kind == "change":
            line_node["cbc:LineStatusCode"] = {"_text": self._line_status(vals, root)}

    def _line_status(self, vals, root):
        """UNCL1229: 1 added, 3 changed, 4 as before."""
        before = _lines_before(vals["message"]).get(str(root.id))
        now = vals["distrib_lines"].get(root.id)
        return "1" if not before else "4" if before == now else "3"

    def _removed_lines(self, vals):
        """Lines that the version before had and this one has not; UNCL1229: 2."""
        now = {str(ref) for ref in vals["distrib_lines"]}
        return [
            {
                "cac:LineItem": {
                    "cbc:ID": {"_text": ref},
                    "cbc:LineStatusCode": {"_text": "2"},
                    "cbc:Quantity": {"_text": 0, "unitCode": "C62"},
                    "cac:Item": {"cbc:Name": {"_text": line["name_en"] or line["our_code"]}},
                }
            }
            for ref, line in _lines_before(vals["message"]).items()
            if ref not in now
        ]


def _lines_before(message):
    earlier = message.purchase_id.distrib_message_ids.filtered(
        lambda m: m.version < message.version and m.state != "superseded" and m.kind != "cancel"
    ).sorted("version")[-1:]
    return {line["line"]: line for line in (earlier.content or {}).get("lines", [])}


def _period(first, last):
    return {"cbc:StartDate": {"_text": first}, "cbc:EndDate": {"_text": last}}
