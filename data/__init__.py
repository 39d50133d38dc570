"""Memory: everything that is SQL. One file per room, plus the store itself, embeddings and queued work."""
