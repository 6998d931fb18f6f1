from . import proposal_decision
