"""IAM: moto's, with AWS's own managed policies, made once for all accounts."""
