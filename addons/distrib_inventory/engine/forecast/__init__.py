"""Demand forecasts with their errors, and the order quantities and levels that follow from them.

Everything works on a demand matrix ``(n, t)`` in whole stock units, ``float32``, one row for each pair of product and
warehouse, one column for each period (day or week), NaN where demand is unknown (out of stock, before the first sale).
The way through: ``history`` cleans, ``season`` and ``level`` measure, ``features`` describe, ``blend`` learns what the
measures are worth, ``quantiles`` keep the errors made, ``policy`` turns forecast and errors into orders, ``model`` ties
them together and ``select`` and ``calibrate`` choose the settings on the past alone.
"""
