"""The report: one self-contained page of what fleets are, what they run and how they came there."""
