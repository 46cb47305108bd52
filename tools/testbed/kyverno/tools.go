//go:build tools

// Package tools keeps in go.mod what tools/testbed.sh builds: Kyverno's command line.
package tools

import _ "github.com/kyverno/kyverno/cmd/cli/kubectl-kyverno"
