package main

import "github.com/open-policy-agent/opa/v1/ast"

// The part of a document that Rego can see: a policy reaches it through references that begin with `input`, so each shows what lies below its constant part.
// Where `input` stands by itself, or is replaced, all is seen.
func viewOfModules(modules ...*ast.Module) *view {
	root := newView()
	for _, module := range modules {
		root.addRego(module)
	}
	return root
}

func (v *view) addRego(node any) {
	ast.NewGenericVisitor(func(n any) bool {
		switch x := n.(type) {
		case ast.Ref:
			if !x.HasPrefix(ast.InputRootRef) {
				return false
			}
			v.addReference(x)
			for _, term := range x[1:] {
				v.addRego(term)
			}
			return true
		case ast.Var:
			if x.Equal(ast.InputRootDocument.Value) {
				v.whole = true
			}
		case *ast.With:
			v.whole = true
		}
		return false
	}).Walk(node)
}

func (v *view) addReference(reference ast.Ref) {
	seen := v
	for _, term := range reference[1:] {
		name, isConstant := term.Value.(ast.String)
		if !isConstant {
			break
		}
		inner := seen.fields[string(name)]
		if inner == nil {
			inner = newView()
			seen.fields[string(name)] = inner
		}
		seen = inner
	}
	seen.whole = true
}
