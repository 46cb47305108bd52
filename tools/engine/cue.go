package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/parser"
)

// A policy has a context of its own: one grows with each value that is made in it, so both are renewed together.
type cuePolicy struct {
	context *cue.Context
	value   cue.Value
	err     error
	seen    *view
}

var (
	cuePolicies = newCompiled[*cuePolicy]()
	cueLeft     = cueBudget
)

// A context keeps about 25 bytes for each byte of a document. When the documents of all contexts together have used this up, all are made anew: compiling a
// policy again takes a millisecond.
const (
	cueBudget      = 1 << 20
	evaluationCost = 1 << 10 // what an evaluation leaves behind however small its document is
)

func evaluateCue(r request) answer {
	policy := cuePolicies.get(r, func() *cuePolicy { return compileCue(r) })
	if policy.err != nil {
		return failure(policy.err)
	}
	document, ok := policy.seen.trim(r.document)
	if !ok {
		document = r.document
	}
	if cueLeft -= len(document) + evaluationCost; cueLeft < 0 {
		cuePolicies, cueLeft = newCompiled[*cuePolicy](), cueBudget
	}
	if !ok && !json.Valid(document) {
		return failure(policy.dataError(r.dialect, errors.New("json: invalid JSON")))
	}
	if err := policy.judge(r.dialect, document); err != nil {
		return failure(err)
	}
	return answer{}
}

// As policy-controller does it, or as cosign: they differ in what they say, and in that cosign demands final values, which `field!` is not.
func (p *cuePolicy) judge(d dialect, document []byte) error {
	data := p.context.CompileBytes(document)
	if err := data.Err(); err != nil {
		return p.dataError(d, err)
	}
	result := p.value.Unify(data)
	if d == cosignCue {
		if err := result.Err(); err != nil {
			return err
		}
		return result.Validate(cue.Final())
	}
	if err := result.Validate(); err != nil {
		return fmt.Errorf("failed to evaluate the policy with error: %w", err)
	}
	return nil
}

func (p *cuePolicy) dataError(d dialect, err error) error {
	if d == cosignCue {
		return err
	}
	return fmt.Errorf("failed to compile the attestation data with error: %w", err)
}

func compileCue(r request) *cuePolicy {
	policy := &cuePolicy{context: cuecontext.New()}
	if r.dialect == policyCue {
		policy.compileText(r.sources[0].text)
	} else {
		policy.compileFiles(r.sources)
	}
	return policy
}

func (p *cuePolicy) compileText(text []byte) {
	p.value = p.context.CompileBytes(text)
	if err := p.value.Err(); err != nil {
		p.err = fmt.Errorf("failed to compile the cue policy with error: %w", err)
		return
	}
	file, err := parser.ParseFile("", text)
	if err != nil { // it was compiled, so this does not happen
		p.seen = wholeDocument
		return
	}
	p.seen = viewOf(file)
}

// All files are one instance of one package, in the loader's order: what lies higher first, then by name.
func (p *cuePolicy) compileFiles(sources []source) {
	sources = slices.SortedStableFunc(slices.Values(sources), func(a, b source) int {
		return cmp.Or(cmp.Compare(strings.Count(a.name, "/"), strings.Count(b.name, "/")), cmp.Compare(a.name, b.name))
	})
	instance := build.NewContext().NewInstance("", nil)
	files := []*ast.File{}
	for _, s := range sources {
		file, err := parser.ParseFile(s.name, s.text, parser.ParseComments)
		if err != nil {
			p.err = err
			return
		}
		if err := refuseForeignImports(file); err != nil {
			p.err = err
			return
		}
		if err := instance.AddSyntax(file); err != nil {
			p.err = err
			return
		}
		files = append(files, file)
	}
	p.value = p.context.BuildInstance(instance)
	p.err = p.value.Err()
	p.seen = viewOf(files...)
}

// There are no modules here, in cosign's words for a folder that is none.
func refuseForeignImports(file *ast.File) error {
	for spec := range file.ImportSpecs() {
		path, err := literal.Unquote(spec.Path.Value)
		host, _, _ := strings.Cut(path, "/")
		if err == nil && strings.Contains(host, ".") {
			return fmt.Errorf("import failed: %v: imports are unavailable because there is no cue.mod/module.cue file", spec.Path.Pos())
		}
	}
	return nil
}
