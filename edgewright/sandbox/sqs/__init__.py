"""SQS: moto's, with attributes spelled as AWS spells them."""
