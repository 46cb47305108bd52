package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/loader"
	"github.com/open-policy-agent/opa/v1/rego"
)

type regoPolicy struct {
	query rego.PreparedEvalQuery
	seen  *view
	err   error
}

var regoPolicies = newCompiled[*regoPolicy]()

func evaluateRego(r request) answer {
	policy := regoPolicies.get(r, func() *regoPolicy { return compileRego(r) })
	if policy.err != nil {
		return failure(policy.err)
	}
	document, ok := policy.seen.trim(r.document)
	if !ok {
		document = r.document
	}
	var input any
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	if err := decoder.Decode(&input); err != nil {
		return failure(err)
	}
	results, err := policy.query.Eval(context.Background(), rego.EvalInput(input))
	if err != nil {
		return failure(err)
	}
	if r.dialect == cosignRego {
		return judgeAllowed(results)
	}
	return judgeCompliant(results)
}

const (
	cosignQuery = "data.signature.allow"
	policyQuery = "isCompliant = data.sigstore.isCompliant"

	policyModule = "sigstore.rego"
)

func compileRego(r request) *regoPolicy {
	options := []func(*rego.Rego){rego.SetRegoVersion(ast.RegoV0), rego.Capabilities(capabilities())}
	seen := wholeDocument
	if r.dialect == policyRego {
		text := string(r.sources[0].text)
		options = append(options, rego.Query(policyQuery), rego.Module(policyModule, text))
		if module, err := ast.ParseModuleWithOpts(policyModule, text, ast.ParserOptions{RegoVersion: ast.RegoV0, Capabilities: capabilities()}); err == nil {
			seen = viewOfModules(module)
		}
	} else {
		modules, err := loadRego(r.sources)
		if err != nil {
			return &regoPolicy{err: err}
		}
		options = append(options, rego.Query(cosignQuery))
		seen = viewOfModules(modules...) // before the compiler rewrites them
		for _, module := range modules {
			options = append(options, rego.ParsedModule(module))
		}
	}
	query, err := rego.New(options...).PrepareForEval(context.Background())
	return &regoPolicy{query, seen, err}
}

// The loader's own words about files that cannot be read as Rego.
func loadRego(sources []source) ([]*ast.Module, error) {
	files := regoFiles{}
	paths := []string{}
	for _, s := range sources {
		files[s.name] = s.text
		paths = append(paths, s.name)
	}
	loaded, err := loader.NewFileLoader().WithFS(files).WithProcessAnnotation(true).WithRegoVersion(ast.RegoV0).WithCapabilities(capabilities()).Filtered(paths, nil)
	if err != nil {
		return nil, err
	}
	modules := []*ast.Module{}
	for _, file := range loaded.Modules {
		modules = append(modules, file.Parsed)
	}
	return modules, nil
}

// What a policy cannot call is a compile error: nothing that reaches out, nothing about this process.
func capabilities() *ast.Capabilities {
	all := ast.CapabilitiesForThisVersion(ast.CapabilitiesRegoVersion(ast.RegoV0))
	all.Builtins = slices.DeleteFunc(all.Builtins, func(b *ast.Builtin) bool { return slices.Contains(refused, b.Name) })
	all.AllowNet = []string{}
	return all
}

var refused = []string{"http.send", "net.lookup_ip_addr", "opa.runtime"}

// cosign: exactly one result, which is exactly true.
func judgeAllowed(results rego.ResultSet) answer {
	if results.Allowed() {
		return answer{}
	}
	texts := []string{}
	for _, result := range results {
		for _, expression := range result.Expressions {
			texts = append(texts, fmt.Sprintf("expression value, %v, is not true", expression))
		}
	}
	if len(texts) == 0 {
		texts = append(texts, fmt.Sprintf("result is undefined for query '%s'", cosignQuery))
	}
	return failures(texts...)
}

// policy-controller: true, or a set of objects of which one is a good result.
func judgeCompliant(results rego.ResultSet) answer {
	for _, result := range results {
		switch value := result.Bindings["isCompliant"].(type) {
		case bool:
			if value {
				return answer{}
			}
		case []any:
			return judgeObjects(value)
		}
	}
	return failure(fmt.Errorf("policy is not compliant for query '%s'", policyQuery))
}

// CosignRuleResult has the name that the messages of the decoder mention.
type CosignRuleResult struct {
	Warning string `json:"warning,omitempty"`
	Error   string `json:"error,omitempty"`
	Result  bool   `json:"result,omitempty"`
}

func judgeObjects(values []any) answer {
	err := fmt.Errorf("policy is not compliant for query %q", policyQuery)
	for _, value := range values {
		result, unreadable := readResult(value)
		if unreadable != nil {
			return failure(fmt.Errorf("policy is not compliant for query '%s' due to parsing errors: %w", policyQuery, unreadable))
		}
		if result.Result {
			return answer{Warning: shortened(result.Warning)}
		}
		err = fmt.Errorf("policy is not compliant for query '%s' with errors: %s", policyQuery, result.Error)
	}
	return failure(err)
}

func readResult(value any) (result CosignRuleResult, err error) {
	if _, isObject := value.(map[string]any); !isObject {
		return result, errors.New("not an object")
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return result, err
	}
	return result, json.Unmarshal(encoded, &result)
}

// Sources as the loader wants them; names are what the caller wrote, which need not be what fs.ValidPath calls valid.
type regoFiles map[string][]byte

func (f regoFiles) Open(name string) (fs.File, error) {
	text, ok := f[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &regoFile{Reader: strings.NewReader(string(text)), name: name}, nil
}
