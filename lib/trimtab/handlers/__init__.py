"""One module per event: one event in, one reply out.

`HANDLERS` (in `table`) maps the client's event names to them. `desk.Desk` is what they share.
"""
