"""S3 as the official plugin and the policies of the program need it."""
