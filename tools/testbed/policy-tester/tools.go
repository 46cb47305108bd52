//go:build tools

// Package tools keeps in go.mod what tools/testbed.sh builds: policy-controller's own judge of policies.
package tools

import _ "github.com/sigstore/policy-controller/cmd/tester"
