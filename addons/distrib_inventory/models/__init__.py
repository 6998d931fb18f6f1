from . import region
from . import warehouse
