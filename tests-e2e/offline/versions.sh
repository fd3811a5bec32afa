# What is built, and from which version: the only place for one.
# shellcheck shell=bash disable=SC2034
KUBERNETES=1.34.4
ETCD=3.6.5      # as `kubeadm config images list` says for this Kubernetes; a build that differs stops
COREDNS=1.12.1  # likewise
KIND=0.33.0
DEBIAN=bookworm
