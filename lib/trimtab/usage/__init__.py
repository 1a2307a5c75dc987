"""What a user's sessions used: `sync` fills the usage book from the client's transcripts."""
