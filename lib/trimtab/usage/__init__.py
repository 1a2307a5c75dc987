"""What a user's sessions used, from the client's transcripts to the usage book."""

from trimtab.usage.sync import Synced, sync, sync_session

__all__ = ["Synced", "sync", "sync_session"]
