"""The hosting router: from InvokeEndpoint to a healthy container and back, on a short hot path."""
