-- Until when a monitor looks more often than its definition says: what it is about was brought back lately.
ALTER TABLE monitor_standing ADD COLUMN closely_until timestamptz;
