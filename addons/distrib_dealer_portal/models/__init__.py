from . import dealer_page, demo, partner
from . import dealer_page, dealer_stock, demo, partner
