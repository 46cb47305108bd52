package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

var policies = []string{
	`predicateType: "p"
predicate: metadata: tools: [{name: "syft", ...}]`,
	`predicate: metadata: tools: [{name: "trivy", ...}, ...]`,
	`predicate: {a: 1, ...}`,
	`predicate: {a: 1, ...string}`,
	`predicate: {a?: int, b!: _, "c d": string}`,
	`predicate: [string]: string`,
	`predicate: close({a: 1})`,
	`#P: {a: 1}
predicate: #P`,
	`#P: {predicate: {a: 1}}
#P`,
	`import "struct"
predicate: struct.MaxFields(1)`,
	`import "list"
predicate: {components: list.MaxItems(1), a: int}`,
	`predicate: {components: [...]}
n: len(predicate.components) & <2`,
	`predicate: {a: int, b: a}`,
	`x: predicate
predicate: a: <5`,
	`predicate: P={a: 1, if P.b != _|_ {c: string}}`,
	`P=predicate: a: 1
q: P.b & string`,
	`let P = predicate
predicate: a: 1
q: P.b & string`,
	`predicate: {for k, v in predicate {(k): v}}`,
	`predicate: {a: 1} & {b: string}`,
	`predicate: {a: 1} | {b: string}`,
	`predicate: ({a: 1})`,
	`predicate: "a": 1`,
	`predicate: a: b: c: string`,
	`predicate: "\(x)": 1
x: "b"`,
	`predicate: _a: 1`,
	`_hidden: predicate.b
predicate: a: _hidden`,
	`predicate: a: 1
predicate: b: string`,
	`predicate: a: 1 @go(A)`,
	`import "time"
before: time.Parse(time.RFC3339, "2049-10-09T17:10:27Z")
predicate: b: <before`,
	`5`,
	`{predicate: a: 1}`,
	``,
}

var documents = []string{
	`{"predicateType":"p","predicate":{"metadata":{"tools":[{"name":"syft","version":"1"}],"more":{"x":[1,2.5e3,-0.1,null,true,false]}},"components":[{},{}]}}`,
	`{"predicate":{"a":1,"b":"two","c d":"x","c":{"deep":[[[{"a":1}]]]}},"before":"2020-10-09T17:10:27Z"}`,
	`{"predicate":{"a":9,"b":7,"components":[1,2,3]},"subject":[]}`,
	`{"predicate":{"b":1,"b":2}}`,
	`{"predicate":{"z":{"b":1,"b":2}}}`,
	`{"predicate":{"z":{"b":1,"\u0062":2}}}`,
	`{"other":{"b":1},"other":{"c":2}}`,
	`{"predicate":{"z":"\ud800"}}`,
	`{"predicate":{"z":"\ud83d\ude00 \" \\ \/ \b\f\n\r\t"}}`,
	"{\"predicate\":{\"z\":\"\ufeff\"}}",
	"{\"predicate\":{\"z\":\"\xff\"}}",
	"{\"predicate\":{\"z\":\"a\x00b\"}}",
	`{"predicate":{"z":1e99999999999}}`,
	`{"predicate":{"":1}}`,
	`{"predicate":{"_a":2,"#b":3,"z":1}}`,
	`{"predicate":"text"}`,
	`{"predicate":[{"a":1}]}`,
	`{"predicate":{"a":{"b":{"c":5}}}}`,
	`{"predicate":{"a":1}} trailing`,
	`{"predicate":{"a":1,}}`,
	`{"predicate":{"a":01}}`,
	`{"predicate":{a:1}}`,
	`[1]`,
	`"text"`,
	``,
	`{`,
	`{"predicate":{"z":` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + `}}`,
}

// A trimmed document, by a policy that has judged others before, must be judged as the whole one is by a fresh policy, word for word.
func TestTrimmingChangesNothing(t *testing.T) {
	for _, policy := range policies {
		for _, document := range documents {
			compare(t, policy, document, policyCue, cosignCue)
		}
	}
}

func TestTrimmingChangesNothingAtRandom(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 4000 {
		compare(t, randomPolicy(random), randomDocument(random, 0), policyCue, cosignCue)
	}
}

func compare(t *testing.T, policy, document string, dialects ...dialect) {
	t.Helper()
	for _, d := range dialects {
		r := request{d, []source{{"policy", []byte(policy)}}, []byte(document)}
		trimmed, whole := evaluateRequest(r), evaluateWhole(r)
		if fmt.Sprint(trimmed) != fmt.Sprint(whole) {
			t.Errorf("%s\nover %s\ntrimmed: %v\nwhole:   %v", policy, document, trimmed, whole)
		}
	}
}

// With a policy that has seen nothing else, and nothing left out.
func evaluateWhole(r request) answer {
	usedCue, usedRego := cuePolicies, regoPolicies
	defer func() { cuePolicies, regoPolicies = usedCue, usedRego }()
	cuePolicies, regoPolicies = newCompiled[*cuePolicy](), newCompiled[*regoPolicy]()
	if r.dialect == policyCue || r.dialect == cosignCue {
		cuePolicies.get(r, func() *cuePolicy { return compileCue(r) }).seen = wholeDocument
	} else {
		regoPolicies.get(r, func() *regoPolicy { return compileRego(r) }).seen = wholeDocument
	}
	return evaluateRequest(r)
}

var rules = []string{
	`isCompliant { input.predicate.a == 1 }`,
	`isCompliant { input.predicate.metadata.tools[_].name == "syft" }`,
	`isCompliant { input["predicate"].b == "two" }`,
	`isCompliant { input.predicate[k]; k == "c" }`,
	`isCompliant { some k; input[k].z }`,
	`isCompliant { x := "b"; input.predicate[x] == 7 }`,
	`isCompliant { input.predicate[input.predicateType] }`,
	`isCompliant { count(input.predicate) == 4 }`,
	`isCompliant { count(input) == 2 }`,
	`isCompliant { x := input; x.predicate.b }`,
	`isCompliant { walk(input, [p, v]); v == 7 }`,
	`isCompliant { f(input.predicate) }
f(p) { p.b == 7 }`,
	`isCompliant { f(7) }
f(x) { input.predicate.b == x }`,
	`import input.predicate as p
isCompliant { p.b == 7 }`,
	`import input.predicate
isCompliant { predicate.c.deep }`,
	`isCompliant { other with input as {"b": 1} }
other { input.b == 1 }`,
	`isCompliant { other with input.predicate.b as 5 }
other { input.predicate.b == 5 }`,
	`isCompliant { not input.predicate.z }`,
	`isCompliant { object.get(input, ["predicate", "b"], 7) == 7 }`,
	`isCompliant { json.marshal(input.predicate) == json.marshal(input.predicate) }`,
	`isCompliant = input.predicate.a`,
	`isCompliant { {k | input.predicate[k]} == {"a", "b"} }`,
	`isCompliant { every(input.predicate) }
every(input) { input.b }`,
	`default isCompliant = false
isCompliant { true }`,
	`isCompliant[r] { r := {"result": input.predicate.b == 7, "error": sprintf("%v", [input.predicate.a])} }`,
}

func TestTrimmingChangesNothingInRego(t *testing.T) {
	for _, rule := range rules {
		for _, document := range documents {
			compare(t, "package sigstore\n"+rule, document, policyRego)
			compare(t, "package signature\n"+strings.ReplaceAll(rule, "isCompliant", "allow"), document, cosignRego)
		}
	}
}

func TestMostIsTrimmed(t *testing.T) {
	file := compileCue(request{policyCue, []source{{"p.cue", []byte(policies[0])}}, nil})
	document := fmt.Sprintf(`{"predicateType":"p","predicate":{"metadata":{"tools":[1]},"components":[%s1]}}`, strings.Repeat(`{"name":"x"},`, 10_000))
	trimmed, ok := file.seen.trim([]byte(document))
	if want := `{"predicateType":"p","predicate":{"metadata":{"tools":[1]}}}`; !ok || string(trimmed) != want {
		t.Errorf("got %.200s, want %s", trimmed, want)
	}
}

var names = []string{"a", "b", "c", "d"}

func pick(random *rand.Rand, from ...string) string { return from[random.IntN(len(from))] }

func randomDocument(random *rand.Rand, depth int) string {
	switch n := random.IntN(10); {
	case depth == 0 || n < 4 && depth < 5:
		fields := []string{}
		for range random.IntN(4) {
			fields = append(fields, fmt.Sprintf("%q:%s", pick(random, names...), randomDocument(random, depth+1)))
		}
		return "{" + strings.Join(fields, ", ") + "}"
	case n < 6 && depth < 5:
		items := []string{}
		for range random.IntN(3) {
			items = append(items, randomDocument(random, depth+1))
		}
		return "[" + strings.Join(items, ",") + "]"
	default:
		return pick(random, "1", "2", "true", "null", `"x"`, `"y"`, "1.5")
	}
}

func randomPolicy(random *rand.Rand) string { return strings.Join(randomDeclarations(random, 0), "\n") }

func randomDeclarations(random *rand.Rand, depth int) []string {
	declarations := []string{}
	for range random.IntN(4) {
		name := pick(random, names...)
		switch n := random.IntN(14); {
		case n < 8:
			declarations = append(declarations, fmt.Sprintf("%s%s: %s", pick(random, name, name, `"`+name+`"`), pick(random, "", "", "", "?", "!"), randomValue(random, depth+1)))
		case n == 8:
			declarations = append(declarations, "...")
		case n == 9:
			declarations = append(declarations, "[string]: "+randomValue(random, depth+1))
		case n == 10:
			declarations = append(declarations, fmt.Sprintf("#%s: %s", name, randomValue(random, depth+1)))
		case n == 11:
			declarations = append(declarations, fmt.Sprintf("if %s != _|_ {%s: 1}", name, pick(random, names...)))
			declarations = append(declarations, name+": _")
		case n == 12:
			declarations = append(declarations, fmt.Sprintf("let L = %s\n%s: _\n%s: L", name, name, pick(random, names...)))
		default:
			declarations = append(declarations, fmt.Sprintf("X=%s: %s", name, randomValue(random, depth+1)), fmt.Sprintf("%s: X", pick(random, names...)))
		}
	}
	return declarations
}

func randomValue(random *rand.Rand, depth int) string {
	structure := func() string { return "{" + strings.Join(randomDeclarations(random, depth+1), "\n") + "}" }
	switch n := random.IntN(14); {
	case n < 6 && depth < 4:
		return structure()
	case n == 6 && depth < 4:
		return "close(" + structure() + ")"
	case n == 7 && depth < 4:
		return structure() + pick(random, " & ", " | ") + structure()
	case n == 8:
		return "[..." + randomValue(random, depth+1) + "]"
	case n == 9:
		return pick(random, names...)
	default:
		return pick(random, "1", "int", "string", `"x"`, "_", "<2", "*1 | int", "null")
	}
}
