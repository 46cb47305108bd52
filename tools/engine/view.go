package main

import (
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"
)

// A view is the part of a document that a CUE policy can see. An open struct says nothing about fields it does not name, so these cannot change the
// verdict nor its words, and need not be compiled: of an SBOM of megabytes most policies look at a few lines.
//
// It is drawn from the syntax, and generously. A field is followed inwards while it is a plain struct of plainly labelled fields; anything else (patterns,
// comprehensions, embeddings, references, aliases, attributes, closed structs, validators) sees all that lies there. A field whose name is used anywhere
// as a reference is seen as a whole.
type view struct {
	whole  bool
	fields map[string]*view
}

var wholeDocument = &view{whole: true}

func viewOf(files ...*ast.File) *view {
	root := newView()
	references := map[string]bool{}
	for _, file := range files {
		collectReferences(file, references)
	}
	// These name the enclosing struct, whatever its label.
	if references["self"] || references["__self"] {
		return wholeDocument
	}
	for _, file := range files {
		root.addFile(file, references)
	}
	return root
}

func newView() *view { return &view{fields: map[string]*view{}} }

func (v *view) addFile(file *ast.File, references map[string]bool) {
	for _, declaration := range file.Decls {
		switch declaration.(type) {
		case *ast.Package, *ast.ImportDecl, *ast.CommentGroup:
		default:
			v.addDeclaration(declaration, references)
		}
	}
}

func (v *view) addDeclaration(declaration ast.Decl, references map[string]bool) {
	switch d := declaration.(type) {
	case *ast.CommentGroup:
	case *ast.Ellipsis:
		if d.Type != nil {
			v.whole = true
		}
	case *ast.Field:
		v.addField(d, references)
	default:
		v.whole = true
	}
}

func (v *view) addField(field *ast.Field, references map[string]bool) {
	name, isIdentifier, ok := plainLabel(field.Label)
	if !ok || field.Alias != nil || len(field.Attrs) > 0 {
		v.whole = true
		return
	}
	if isIdentifier && (name[0] == '#' || name[0] == '_') {
		return // a definition or a hidden field: no field of JSON meets it, and what refers to it sees all
	}
	inner := v.fields[name]
	if inner == nil {
		inner = newView()
		v.fields[name] = inner
	}
	structure, isStruct := unparen(field.Value).(*ast.StructLit)
	if !isStruct || references[name] {
		inner.whole = true
		return
	}
	for _, declaration := range structure.Elts {
		inner.addDeclaration(declaration, references)
	}
}

func plainLabel(label ast.Label) (name string, isIdentifier, ok bool) {
	switch l := label.(type) {
	case *ast.Ident:
		return l.Name, true, l.Name != ""
	case *ast.BasicLit:
		if l.Kind != token.STRING {
			return "", false, false
		}
		name, err := literal.Unquote(l.Value)
		return name, false, err == nil && name != ""
	}
	return "", false, false
}

func unparen(value ast.Expr) ast.Expr {
	for {
		paren, ok := value.(*ast.ParenExpr)
		if !ok {
			return value
		}
		value = paren.X
	}
}

// Every identifier that may refer to a field: all but labels of fields and the names behind a dot.
func collectReferences(node ast.Node, found map[string]bool) {
	ast.Walk(node, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.Ident:
			found[x.Name] = true
		case *ast.Field:
			if _, isIdentifier := x.Label.(*ast.Ident); !isIdentifier {
				collectReferences(x.Label, found)
			}
			collectReferences(x.Value, found)
			return false
		case *ast.SelectorExpr:
			collectReferences(x.X, found)
			return false
		}
		return true
	}, nil)
}
