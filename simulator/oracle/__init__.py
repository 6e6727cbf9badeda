"""What a feed says: its source, the faults between the source and the report, and when it reports. Pure rules."""
