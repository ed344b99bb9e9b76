"""What CRMs report, and how it is joined to calls and contacts."""
