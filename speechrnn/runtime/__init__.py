"""Running an exported model with NumPy and ONNX Runtime alone."""
