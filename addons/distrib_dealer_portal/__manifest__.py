{
    "name": "Distribution: Dealer Portal",
    "summary": "What a dealer sees of us: orders in progress, catalogue at the dealer's price, balance by role",
    "version": "19.0.1.0.0",
    "category": "Supply Chain/Distribution",
    "author": "Distribution Suite contributors",
    "license": "LGPL-3",
    "depends": ["distrib_orders", "portal"],
    "data": [
        "security/groups.xml",
        "security/rules.xml",
        "views/partner_views.xml",
        "views/portal_home.xml",
        "views/portal_pages.xml",
        "views/portal_stock.xml",
    ],
    "assets": {
        "web.assets_frontend": ["distrib_dealer_portal/static/src/scss/dealer.scss"],
    },
}
