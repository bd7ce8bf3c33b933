"""Reads digits on parts with ONNX Runtime, on a timer and on request."""

COMPONENT = "com.acme.parts-inference"
COMPONENT_VERSION = "2.1.0"
