"""What a change means for devices: two versions of a project, compared by meaning, not by line."""
