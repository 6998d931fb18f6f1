from . import test_access_grant, test_dealer_page, test_portal, test_rights, test_stock_report
