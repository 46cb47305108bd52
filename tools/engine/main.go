// Package main is the policy engine: CUE and Rego as their authors wrote them, behind three calls (exports_wasip1.go).
//
// A request is one policy over one JSON document. The host gives no file and no network; time and memory are limited by the host too.
package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

func main() {}

// A request, all numbers little-endian of 32 bits:
//
//	dialect, number of sources, then for each: length of its name, name, length of its text, text; the rest is the document
type request struct {
	dialect  dialect
	sources  []source
	document []byte
}

type dialect uint32

const (
	policyCue  dialect = iota // as policy-controller evaluates `policy.type: cue`
	policyRego                // and `rego`
	cosignCue                 // as `cosign verify-attestation --policy x.cue`
	cosignRego                // and `x.rego`
)

// A source is one file of a policy.
type source struct {
	name string
	text []byte
}

// An answer holds no failure when the document satisfies the policy.
type answer struct {
	Failures []string `json:"failures,omitempty"`
	// Warning is what a Rego policy that is satisfied warns of.
	Warning string `json:"warning,omitempty"`
}

func failure(err error) answer { return failures(err.Error()) }

func failures(texts ...string) answer {
	for i, text := range texts {
		texts[i] = shortened(text)
	}
	return answer{Failures: texts}
}

// Messages quote values of the document, of whatever size.
const maxText = 16 << 10

func shortened(text string) string {
	if len(text) <= maxText {
		return text
	}
	return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(text[:maxText], ""), len(text))
}

func evaluate(message []byte) []byte {
	encoded, err := json.Marshal(evaluateRequest(parseRequest(message)))
	if err != nil {
		panic(err)
	}
	return encoded
}

// Engines have bugs: a number with an exponent of eleven digits makes one panic. That is no verdict, so the policy does not hold; what was compiled may be
// damaged, so it goes.
func evaluateRequest(r request) (result answer) {
	defer func() {
		if problem := recover(); problem != nil {
			cuePolicies, regoPolicies = newCompiled[*cuePolicy](), newCompiled[*regoPolicy]()
			result = failure(fmt.Errorf("the policy engine failed: %v", problem))
		}
	}()
	switch r.dialect {
	case policyCue, cosignCue:
		return evaluateCue(r)
	case policyRego, cosignRego:
		return evaluateRego(r)
	}
	return failure(errors.New("no such dialect"))
}

func parseRequest(message []byte) request {
	number := func() uint32 {
		n := binary.LittleEndian.Uint32(message)
		message = message[4:]
		return n
	}
	bytes := func() []byte {
		n := number()
		part := message[:n:n]
		message = message[n:]
		return part
	}
	r := request{dialect: dialect(number())}
	for range number() {
		r.sources = append(r.sources, source{name: string(bytes()), text: bytes()})
	}
	r.document = message
	return r
}
