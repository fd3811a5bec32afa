"""The Kubernetes API server, behind one small interface."""
