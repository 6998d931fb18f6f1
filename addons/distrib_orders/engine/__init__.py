"""Pure computation: no Odoo, no clock. Everything a function needs is an argument."""
