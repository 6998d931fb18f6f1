from . import dealer_page, partner
