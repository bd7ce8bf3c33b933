"""Who asks, and whether the policies let them.

The order of evaluation is that of the IAM user guide ("Policy evaluation logic"): an explicit deny anywhere wins;
then a resource policy that names the principal itself is enough within one account; across accounts, and when the
resource policy names only the account, the principal's own policies must allow as well.
"""
