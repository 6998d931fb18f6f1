"""Connectors: how each platform speaks. Nothing here imports Odoo or touches the database.

One folder for each platform:

* ``mapper.py`` is pure: a payload of the platform in, an order in our words out (see :mod:`.order`)
* ``client.py`` speaks HTTP and signs; it knows windows, pages, limits and error bodies, and nothing of orders
* ``push.py``, where the platform calls us: proves the origin over the raw body, and reads what it is about

:mod:`.registry` lists them. Models call them, store what they bring, and write what they are told to write.
"""
