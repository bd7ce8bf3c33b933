"""From an approved or rejected model package to the forge: the trigger function, and the backup for when it fails.

Runs on AWS Lambda with nothing but the standard library and the runtime's boto3.
"""
