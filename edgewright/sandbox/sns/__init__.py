"""SNS: moto's, with filters that can be taken away."""
