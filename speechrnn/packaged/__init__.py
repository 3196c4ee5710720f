"""The models that come with the package: NAME.onnx, and NAME.md, its card."""
