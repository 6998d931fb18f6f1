from odoo import api, models
from odoo.tools import SQL


class DemandMoves(models.Model):
    """What stock moves say about demand, as SQL: one place for what counts, where and on which day.

    A delivery to a customer counts on the day it left, in the company's time zone, for the warehouse it left from (or
    the one its order asked for, see `_place_sql`). A customer's return counts against the delivery it returns, on that
    delivery's day: what came back was not needed, and a return is no event of the day it arrives. A return of nothing
    known is not subtracted but marked (`distrib.demand.mark`). Deliveries by the supplier straight to the customer
    leave no warehouse and do not count.
    """

    _inherit = "distrib.demand"

    @api.model
    def _place_sql(self, company):
        """(joins, warehouse) of the delivery ``m`` from the place ``s``; an add-on that knows orders may answer with
        the warehouse that the order asked for."""
        return SQL(""), SQL("s.warehouse_id")

    @api.model
    def _price_sql(self, company):
        """(joins, paid, listed) for the delivery ``m``: price of a unit of the product as ordered and as listed, in the
        company's currency; NULL where not known. Add-ons that know orders answer."""
        return SQL(""), SQL("NULL::float8"), SQL("NULL::float8")

    @api.model
    def _deliveries_sql(self, company, zone, condition=None):
        """Rows (warehouse_id, product_id, day, quantity, paid, listed): a delivery counts, its returns count against it.

        :param SQL condition: on the delivery ``m``
        """
        place_joins, place = self._place_sql(company)
        price_joins, paid, listed = self._price_sql(company)
        return SQL(
            """
            SELECT %(place)s AS warehouse_id, m.product_id, (m.date AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date AS day,
                   m.quantity * mu.factor / pu.factor - COALESCE(back.quantity, 0) AS quantity,
                   m.quantity * mu.factor / pu.factor AS delivered, %(paid)s AS paid, %(listed)s AS listed
              FROM stock_move m
              JOIN stock_location s ON s.id = m.location_id AND s.warehouse_id IS NOT NULL
              JOIN stock_location d ON d.id = m.location_dest_id AND d.usage = 'customer'
              JOIN product_product p ON p.id = m.product_id
              JOIN product_template t ON t.id = p.product_tmpl_id
              JOIN uom_uom mu ON mu.id = m.product_uom
              JOIN uom_uom pu ON pu.id = t.uom_id
              %(place_joins)s
              %(price_joins)s
              LEFT JOIN LATERAL (
                   SELECT SUM(r.quantity * ru.factor / pu.factor) AS quantity
                     FROM stock_move r
                     JOIN stock_location rs ON rs.id = r.location_id AND rs.usage = 'customer'
                     JOIN uom_uom ru ON ru.id = r.product_uom
                    WHERE r.origin_returned_move_id = m.id AND r.state = 'done' AND r.product_id = m.product_id) back
                ON TRUE
             WHERE m.state = 'done' AND m.company_id = %(company)s AND %(condition)s
            """,
            place=place,
            place_joins=place_joins,
            price_joins=price_joins,
            paid=paid,
            listed=listed,
            zone=zone.zone,
            company=company.id,
            condition=condition or SQL("TRUE"),
        )

    @api.model
    def _changed_sql(self, company, zone, since):
        """Rows (warehouse_id, product_id, day) whose deliveries or returns changed: done or edited from a moment on, or
        left behind by an edit. The warehouse is that of the delivery, asked or shipped."""
        joins, place = self._place_sql(company)
        return SQL(
            """
            SELECT %(place)s AS warehouse_id, m.product_id, (m.date AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date AS day
              FROM (SELECT id FROM stock_move
                     WHERE state = 'done' AND write_date >= %(since)s AND company_id = %(company)s
                     UNION
                    SELECT origin_returned_move_id FROM stock_move
                     WHERE state = 'done' AND write_date >= %(since)s AND company_id = %(company)s
                       AND origin_returned_move_id IS NOT NULL) c
              JOIN stock_move m ON m.id = c.id
              JOIN stock_location s ON s.id = m.location_id AND s.warehouse_id IS NOT NULL
              JOIN stock_location d ON d.id = m.location_dest_id AND d.usage = 'customer'
              %(joins)s
             WHERE m.state = 'done'
             UNION
            SELECT q.warehouse_id, q.product_id, (q.at AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date
              FROM distrib_demand_left q
              JOIN stock_warehouse w ON w.id = q.warehouse_id AND w.company_id = %(company)s
            """,
            place=place,
            joins=joins,
            zone=zone.zone,
            since=since,
            company=company.id,
        )

    @api.model
    def _returns_sql(self, company, zone, condition):
        """Rows (warehouse_id, product_id, day, quantity, origin_warehouse, origin_day) of customers' returns on the days
        for which ``condition`` on the return ``x`` holds; origin NULL for a return of nothing known."""
        joins, place = self._place_sql(company)
        return SQL(
            """
            WITH days AS (
                SELECT DISTINCT x.product_id, (x.date AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date AS day
                  FROM stock_move x
                  JOIN stock_location xs ON xs.id = x.location_id AND xs.usage = 'customer'
                 WHERE x.state = 'done' AND x.company_id = %(company)s AND %(condition)s)
            SELECT l.warehouse_id, r.product_id, days.day, (r.quantity * ru.factor / pu.factor)::float8,
                   o.warehouse_id, o.day
              FROM days
              JOIN stock_move r ON r.product_id = days.product_id AND r.state = 'done'
                   AND r.date >= (days.day::timestamp AT TIME ZONE %(zone)s AT TIME ZONE 'UTC')
                   AND r.date < ((days.day + 1)::timestamp AT TIME ZONE %(zone)s AT TIME ZONE 'UTC')
              JOIN stock_location c ON c.id = r.location_id AND c.usage = 'customer'
              JOIN stock_location l ON l.id = r.location_dest_id AND l.warehouse_id IS NOT NULL
              JOIN product_product p ON p.id = r.product_id
              JOIN product_template t ON t.id = p.product_tmpl_id
              JOIN uom_uom ru ON ru.id = r.product_uom
              JOIN uom_uom pu ON pu.id = t.uom_id
              LEFT JOIN LATERAL (
                   SELECT %(place)s AS warehouse_id, (m.date AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date AS day
                     FROM stock_move m
                     JOIN stock_location s ON s.id = m.location_id
                     %(joins)s
                    WHERE m.id = r.origin_returned_move_id AND m.state = 'done' AND m.product_id = r.product_id) o ON TRUE
             WHERE r.company_id = %(company)s
            """,
            zone=zone.zone,
            condition=condition,
            company=company.id,
            joins=joins,
            place=place,
        )
