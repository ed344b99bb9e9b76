"""Recordings of calls: told by the carrier, fetched into the bucket, shown by an expiring link (docs/recordings.md)."""
