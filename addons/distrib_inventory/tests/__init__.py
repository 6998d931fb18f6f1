from . import test_region
from . import test_warehouse
from . import test_position
from . import test_roles
from . import test_home
