# What is built, and from which version: the only place for one.
# shellcheck shell=bash disable=SC2034
KUBERNETES=1.34.4
ETCD=3.6.5      # as `kubeadm config images list` says for this Kubernetes; a build that differs stops
COREDNS=1.12.1  # likewise
KIND=0.33.0
KUBE_ROUTER=2.1.0
DEBIAN=bookworm
ARGOCD=3.6.1
KUSTOMIZE=5.7.1
PROMETHEUS=3.16.0
PROMETHEUS_OPERATOR=0.85.0
ALERTMANAGER=0.25.0 # Debian's
# Argo CD wants a newer Go than Kubernetes does.
GO=1.27.3
GO_SHA256=ae9a8cfefeacb582f53ff489a3b83d729256a284ac0f7f37b179216ac4bcb69d
