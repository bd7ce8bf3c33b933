"""STS as AWS answers it: a role is assumed only when its trust policy lets the caller."""
