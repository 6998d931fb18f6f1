{
    "name": "Distribution: Network and Inventory",
    "summary": "Regions, warehouse tiers, live positions, demand, safety stock and replenishment proposals",
    "version": "19.0.1.0.0",
    "category": "Supply Chain/Distribution",
    "author": "Distribution Suite contributors",
    "license": "LGPL-3",
    "depends": ["stock", "purchase_stock", "product_expiry", "mail", "bus", "rpc", "web_hierarchy"],
    "data": [
        "security/groups.xml",
        "security/ir.model.access.csv",
        "security/network_rules.xml",
        "security/demand/ir.model.access.csv",
        "security/demand_rules.xml",
        "data/distrib.region.csv",
        "data/regions_noupdate.xml",
        "views/menus.xml",
        "views/region_views.xml",
        "views/warehouse_views.xml",
        "views/position_views.xml",
        "views/home_views.xml",
        "data/demand_crons.xml",
        "views/demand_views.xml",
        "views/sales_import_views.xml",
    ],
    "assets": {
        "web.assets_backend": [
            "distrib_inventory/static/src/**/*",
        ],
        "web.assets_unit_tests": [
            "distrib_inventory/static/tests/**/*.test.js",
        ],
        "web.assets_tests": [
            "distrib_inventory/static/tests/tours/**/*",
        ],
    },
    "application": True,
}
