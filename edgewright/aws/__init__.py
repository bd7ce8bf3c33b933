"""The only door to AWS: sessions of one account and Region, and errors in words that say what to do."""
