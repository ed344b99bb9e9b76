"""Recordings of calls: reported by the carrier, fetched into the bucket, shown by a link (docs/recordings.md)."""
