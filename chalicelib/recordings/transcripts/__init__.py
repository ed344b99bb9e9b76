"""What was said in a recorded call: Amazon Transcribe writes it down, we count it (docs/recordings.md)."""
