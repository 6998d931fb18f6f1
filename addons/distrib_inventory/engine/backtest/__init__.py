"""Replay of a replenishment policy on real demand: stock, lost sales, and the fair comparison of policies."""
