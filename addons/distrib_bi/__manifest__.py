{
    "name": "Distribution: Reports and Dashboards",
    "summary": "Sales by channel, region, tier, dealer and product; dashboards of sales and stock",
    "version": "19.0.1.0.0",
    "category": "Supply Chain/Distribution",
    "author": "Distribution Suite contributors",
    "license": "LGPL-3",
    "depends": ["distrib_dealer_portal", "distrib_logistics", "spreadsheet_dashboard", "sale"],
    "data": [
        "security/ir.model.access.csv",
        "security/rules.xml",
        "views/sales_report_views.xml",
        "data/dashboards.xml",
        "views/menus.xml",
    ],
}
