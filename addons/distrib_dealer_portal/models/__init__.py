from . import dealer_page, dealer_stock, demo, partner
