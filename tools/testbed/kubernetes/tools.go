//go:build tools

// Package tools keeps in go.mod what tools/testbed.sh builds: the API server that tests admit pods with, and its client.
package tools

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kubectl"
)
