from . import region
from . import home
from . import position
from . import position_report
from . import warehouse
