"""The main job, end to end, on a sandbox: a team's week in three minutes, with the commands that a team would type."""
