"""EventBridge whose rules reach what moto's do not: functions, topics, the buses of other accounts."""
