"""The standing prompt: what a session's first request is made of, whether that was ever used, and what it cost."""
