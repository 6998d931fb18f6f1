"""The Python behind ./distrib."""
