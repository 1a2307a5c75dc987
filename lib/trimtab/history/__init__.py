"""What a conversation's past costs: how warm its cache is, and what compacting it would cost and save."""
