"""The status service: a page for people, and the same as JSON, of what the agents say."""
