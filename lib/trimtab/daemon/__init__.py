"""The daemon: a resident process that answers the hooks, and the way to it."""
