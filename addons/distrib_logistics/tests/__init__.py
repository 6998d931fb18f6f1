from . import test_access, test_intake, test_picking, test_portal
