"""Trimtab shows a coding agent each load at the cheapest of four tiers, and records what that saved."""

__version__ = "0.1.0"
