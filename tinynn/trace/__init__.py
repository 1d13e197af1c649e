"""The ledger: every value of a forward and backward pass, with formula, shape and numbers."""

from tinynn.trace.explanation import explain, explain_command
from tinynn.trace.ledger import Ledger, Line, Section

__all__ = ["Ledger", "Line", "Section", "explain", "explain_command"]
