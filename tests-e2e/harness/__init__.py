"""What the end-to-end tests stand on: a cluster, Git, Argo CD, and an Internet that breaks on demand."""
