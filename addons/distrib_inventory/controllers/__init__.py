from . import board_export
from . import supplier
