from . import record_event
