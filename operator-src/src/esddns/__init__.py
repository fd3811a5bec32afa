"""esddns: dynamic DNS for Kubernetes clusters, delivered by GitOps."""

__version__ = "0.1.0"
