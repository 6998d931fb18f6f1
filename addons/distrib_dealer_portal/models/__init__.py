from . import dealer_page, demo, partner
