"""Budgets: what they count, who may spend what, and what happens as one gets tight. Pure: clock and books are given."""
