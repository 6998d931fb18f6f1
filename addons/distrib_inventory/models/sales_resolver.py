from collections import defaultdict

import numpy as np

from ..engine import sales_file

BATCH = 200
QUIET = {"tracking_disable": True, "mail_create_nosubscribe": True, "mail_notrack": True}


class Resolver:
    """Finds, and where asked creates, the records behind the labels of a sales file; remembers them."""

    def __init__(self, job):
        self.env = job.env
        # who may start an import that creates (see `_begin`) need not be a product or warehouse manager
        self.creating = job.env(su=True)
        self.job = job
        self.company = job.company_id
        self._stores = {}
        self._products = {}
        self._cities = {}
        self._units = {}

    def found(self, checked):
        """Ids behind the labels of a checked chunk, as `sales_file.Found`. Only labels of good rows are created."""
        labels = checked.labels
        cities = self._lookup(checked, "city", self._cities, self._find_regions, self._create_regions)
        self._store_city = self._city_of_store(checked, cities)
        stores = self._lookup(checked, "store", self._stores, self._find_stores, self._create_stores)
        products = self._lookup(checked, "product", self._products, self._find_products, self._create_products)
        if "unit" not in labels:
            return sales_file.Found(stores, products)
        units = self._lookup(checked, "unit", self._units, self._find_units)
        return sales_file.Found(stores, products, units, self._ratios(units, products))

    def regions(self, checked):
        """Region id of each row: of its city, else of its store's warehouse; 0 where there is none."""
        if "city" in checked.labels:
            unique = checked.labels["city"]
            ids = np.array([self._cities.get(label, 0) for label in unique.unique] + [0])
            return np.where(ids > 0, ids, 0)[unique.codes]
        unique = checked.labels["store"]
        warehouses = self.env["stock.warehouse"].browse(
            {self._stores[label] for label in unique.unique if self._stores.get(label, 0) > 0}
        )
        region = {warehouse.id: warehouse.region_id.id for warehouse in warehouses}
        return np.array([region.get(self._stores.get(label), 0) or 0 for label in unique.unique] + [0])[unique.codes]

    def _lookup(self, checked, target, known, find, create=None):
        if target not in checked.labels:
            return np.zeros(0, np.int64)
        codes, unique = checked.labels[target]
        new = [label for label in unique if label not in known]
        if new:
            known.update(dict.fromkeys(new, 0))
            known.update(find(new))
        if create and self.job.create_missing:
            used = {unique[code] for code in np.unique(codes[checked.good]) if code >= 0}
            missing = [label for label in unique if label in used and not known[label]]
            for start in range(0, len(missing), BATCH):
                known.update(create(missing[start : start + BATCH]))
        return np.array([known[label] for label in unique], np.int64)

    @staticmethod
    def _by_label(labels, *sources):
        """Map labels to ids; the first source that knows a label decides; -1 when it knows several."""
        result = {}
        for source in sources:
            hits = defaultdict(set)
            for label, record_id in source:
                hits[label].add(record_id)
            for label, ids in hits.items():
                if label in labels and label not in result:
                    result[label] = ids.pop() if len(ids) == 1 else -1
        return result

    # --- finding -----------------------------------------------------------------------------------------------

    def _find_stores(self, labels):
        domain = [("company_id", "=", self.company.id), "|", "|"]
        domain += [("store_ref", "in", labels), ("code", "in", labels), ("name", "in", labels)]
        records = self.env["stock.warehouse"].search_fetch(domain, ["store_ref", "code", "name"])
        return self._by_label(
            set(labels), *([(record[name], record.id) for record in records] for name in ("store_ref", "code", "name"))
        )

    def _find_products(self, labels):
        product = self.env["product.product"]
        domain = [("company_id", "in", [False, self.company.id]), "|", "|"]
        domain += [("default_code", "in", labels), ("barcode", "in", labels), ("name", "in", labels)]
        records = product.search_fetch(domain, ["default_code", "barcode", "name"])
        return self._by_label(
            set(labels),
            *([(record[name], record.id) for record in records] for name in ("default_code", "barcode", "name")),
        )

    def _find_regions(self, labels):
        records = self.env["distrib.region"].search_fetch(
            ["|", ("code", "in", labels), ("name", "in", labels)], ["code", "name"]
        )
        return self._by_label(
            set(labels), *([(record[name], record.id) for record in records] for name in ("code", "name"))
        )

    def _find_units(self, labels):
        # a unit that is out of use still says how much was sold
        units = self.env["uom.uom"].with_context(active_test=False)
        records = units.search_fetch([("name", "in", labels)], ["name"])
        return self._by_label(set(labels), [(record.name, record.id) for record in records])

    def _ratios(self, unit_ids, product_ids):
        """(units, products): how many of the product's own unit one unit is; NaN where the two do not compare."""
        products = self.env["product.product"].browse([record for record in product_ids.tolist() if record > 0])
        own = {product.id: product.uom_id for product in products}
        ratios = np.full((len(unit_ids), len(product_ids)), np.nan)
        units = self.env["uom.uom"].browse([record for record in unit_ids.tolist() if record > 0])
        factor = {
            (unit.id, base.id): unit.factor / base.factor
            for unit in units
            for base in self.env["uom.uom"].union(*own.values())
            if unit._has_common_reference(base)
        }
        for row, unit in enumerate(unit_ids.tolist()):
            for column, product in enumerate(product_ids.tolist()):
                if product in own:
                    ratios[row, column] = factor.get((unit, own[product].id), np.nan)
        return ratios

    # --- creating ----------------------------------------------------------------------------------------------

    def _city_of_store(self, checked, cities):
        """The region of each store label, from the city named beside it."""
        if "city" not in checked.labels:
            return {}
        store, city = checked.labels["store"], checked.labels["city"]
        both = checked.good & (store.codes >= 0) & (city.codes >= 0)
        codes, first = np.unique(store.codes[both], return_index=True)
        regions = cities[city.codes[both][first]]
        return {store.unique[code]: int(region) for code, region in zip(codes, regions, strict=True) if region > 0}

    def _create_regions(self, labels):
        parent = self.job.default_region_id
        values = [
            {
                "name": self._named(label, self.env._("City %s", label)),
                "code": label,
                "kind": "city",
                "parent_id": parent.id,
            }
            for label in labels
        ]
        return dict(zip(labels, self.creating["distrib.region"].with_context(**QUIET).create(values).ids, strict=True))

    def _create_stores(self, labels):
        job = self.job
        warehouse = self.creating["stock.warehouse"]
        taken = set(
            warehouse.with_context(active_test=False)
            .search_fetch([("company_id", "=", self.company.id)], ["code"])
            .mapped("code")
        )
        values = [
            {
                "name": self._named(label, self.env._("Store %s", label)),
                "code": self._free_code(label, taken),
                "store_ref": label,
                "company_id": self.company.id,
                "network_tier": job.default_tier,
                "region_id": self._store_city.get(label) or job.default_region_id.id,
                "supply_parent_id": job.default_parent_id.id,
            }
            for label in labels
        ]
        return dict(zip(labels, warehouse.with_context(**QUIET).create(values).ids, strict=True))

    @staticmethod
    def _free_code(label, taken):
        """A short name of at most five characters that no warehouse has yet: the label's, else counted up."""
        code, number = label[:5], 0
        while code in taken:
            number += 1
            digits = np.base_repr(number, 36)
            code = label[: 5 - len(digits)] + digits
        taken.add(code)
        return code

    def _create_products(self, labels):
        values = [
            {
                "name": self._named(label, self.env._("Product %s", label)),
                "default_code": label,
                "is_storable": True,
                "company_id": False,
            }
            for label in labels
        ]
        return dict(zip(labels, self.creating["product.product"].with_context(**QUIET).create(values).ids, strict=True))

    @staticmethod
    def _named(label, sentence):
        """A bare number makes a poor name."""
        return sentence if label.isdigit() else label
