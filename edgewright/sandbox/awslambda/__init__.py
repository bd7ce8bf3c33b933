"""AWS Lambda whose functions really run: Python handlers as child processes of the sandbox."""
