from . import proposal_decision
from . import supplier_record
