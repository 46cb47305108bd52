package main

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// Documents that differ, as they do in a cluster.
func TestMemoryStaysFlat(t *testing.T) {
	for _, policy := range []source{
		{"plain.cue", []byte(`predicate: metadata: tools: [{name: "syft", ...}]`)},
		{"whole.cue", []byte(`predicate: [string]: _`)},
	} {
		heap := func(evaluations, from int) uint64 {
			for i := range evaluations {
				document := fmt.Sprintf(`{"predicate":{"metadata":{"tools":[{"name":"syft","n%d":"%s"}]}}}`, i+from, strings.Repeat("x", 500))
				if got := evaluateRequest(request{policyCue, []source{policy}, []byte(document)}); len(got.Failures) > 0 {
					t.Fatal(got)
				}
			}
			runtime.GC()
			var stats runtime.MemStats
			runtime.ReadMemStats(&stats)
			return stats.HeapAlloc
		}
		before := heap(3000, 0)
		after := heap(12_000, 3000)
		t.Log(policy.name, before>>10, after>>10)
		if after > before+32<<20 {
			t.Errorf("%s: the heap grew from %d to %d bytes", policy.name, before, after)
		}
	}
}
