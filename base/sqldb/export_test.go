package sqldb

// Waiting counts the transactions that wait for SQLite's writer.
func Waiting(db *DB) int { return int(db.writer.waiting.Load()) }
