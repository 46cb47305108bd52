package main

import (
	"bytes"
	"unicode/utf8"
)

// trim copies a JSON document without what the view does not show.
//
// It answers false when there is nothing to leave out, and for whatever CUE might read otherwise than as plain data: then the document is evaluated as it is,
// with all of CUE's own messages. So it takes RFC 8259 with less: no field twice, no empty or escaped name among the fields it leaves out, no lone
// surrogate, no byte order mark, numbers of modest size, nesting of modest depth.
func (v *view) trim(document []byte) ([]byte, bool) {
	if v.whole {
		return nil, false
	}
	t := &trimmer{in: document, out: make([]byte, 0, 1024)}
	t.space()
	if !t.value(v) {
		return nil, false
	}
	t.space()
	return t.out, t.at == len(t.in)
}

const (
	maxDepth  = 100
	maxNumber = 30 // characters
)

type trimmer struct {
	in    []byte
	at    int
	out   []byte
	depth int
	names nameStack
}

// Copies a value as far as it is seen.
func (t *trimmer) value(seen *view) bool {
	if !seen.whole && t.peek() == '{' {
		return t.object(seen)
	}
	start := t.at
	if !t.skip() {
		return false
	}
	t.out = append(t.out, t.in[start:t.at]...)
	return true
}

func (t *trimmer) object(seen *view) bool {
	t.out = append(t.out, '{')
	first := true
	ok := t.members(func(name, quoted []byte) bool {
		inner, isSeen := seen.fields[string(name)]
		if !isSeen {
			return t.skip()
		}
		if !first {
			t.out = append(t.out, ',')
		}
		first = false
		t.out = append(append(t.out, quoted...), ':')
		return t.value(inner)
	})
	t.out = append(t.out, '}')
	return ok
}

// Walks over the object that begins here. A name that is written twice, or with escapes, ends it.
func (t *trimmer) members(member func(name, quoted []byte) bool) bool {
	if t.depth++; t.depth > maxDepth {
		return false
	}
	t.at++
	t.space()
	if t.peek() == '}' {
		t.at++
		t.depth--
		return true
	}
	mark := t.names.open()
	for {
		start := t.at
		escaped, ok := t.str()
		quoted := t.in[start:t.at]
		if !ok || escaped || len(quoted) == 2 || !t.names.add(mark, quoted) {
			return false
		}
		t.space()
		if t.peek() != ':' {
			return false
		}
		t.at++
		t.space()
		if !member(quoted[1:len(quoted)-1], quoted) {
			return false
		}
		t.space()
		end := t.peek()
		t.at++
		if end == '}' {
			t.names.close(mark)
			t.depth--
			return true
		}
		if end != ',' {
			return false
		}
		t.space()
	}
}

func (t *trimmer) skip() bool {
	switch c := t.peek(); c {
	case '{':
		return t.members(func(_, _ []byte) bool { return t.skip() })
	case '[':
		return t.array()
	case '"':
		_, ok := t.str()
		return ok
	case 't':
		return t.word("true")
	case 'f':
		return t.word("false")
	case 'n':
		return t.word("null")
	default:
		return t.number()
	}
}

func (t *trimmer) array() bool {
	if t.depth++; t.depth > maxDepth {
		return false
	}
	t.at++
	t.space()
	if t.peek() == ']' {
		t.at++
		t.depth--
		return true
	}
	for {
		if !t.skip() {
			return false
		}
		t.space()
		end := t.peek()
		t.at++
		if end == ']' {
			t.depth--
			return true
		}
		if end != ',' {
			return false
		}
		t.space()
	}
}

func (t *trimmer) str() (escaped, ok bool) {
	if t.peek() != '"' {
		return false, false
	}
	t.at++
	for t.at < len(t.in) {
		c := t.in[t.at]
		switch {
		case c == '"':
			t.at++
			return escaped, true
		case c == '\\':
			escaped = true
			if !t.escape() {
				return escaped, false
			}
		case c < ' ' || c == 0x7f:
			return escaped, false
		case c < utf8.RuneSelf:
			t.at++
		default:
			r, size := utf8.DecodeRune(t.in[t.at:])
			if r == utf8.RuneError || r == '\ufeff' {
				return escaped, false
			}
			t.at += size
		}
	}
	return escaped, false
}

func (t *trimmer) escape() bool {
	t.at++
	c := t.peek()
	t.at++
	if c != 'u' {
		return bytes.IndexByte([]byte(`"\/bfnrt`), c) >= 0
	}
	unit, ok := t.hex()
	if !ok || unit == 0 || unit >= 0xdc00 && unit < 0xe000 {
		return false
	}
	if unit < 0xd800 || unit >= 0xe000 {
		return unit != 0xfeff
	}
	if t.at+2 > len(t.in) || t.in[t.at] != '\\' || t.in[t.at+1] != 'u' {
		return false
	}
	t.at += 2
	low, ok := t.hex()
	return ok && low >= 0xdc00 && low < 0xe000
}

func (t *trimmer) hex() (unit int, ok bool) {
	if t.at+4 > len(t.in) {
		return 0, false
	}
	for range 4 {
		digit := bytes.IndexByte([]byte("0123456789abcdef"), t.in[t.at]|0x20)
		if digit < 0 || t.in[t.at] < '0' {
			return 0, false
		}
		unit = unit<<4 | digit
		t.at++
	}
	return unit, true
}

func (t *trimmer) number() bool {
	start := t.at
	if t.peek() == '-' {
		t.at++
	}
	if t.peek() == '0' {
		t.at++
	} else if !t.digits() {
		return false
	}
	if t.peek() == '.' {
		t.at++
		if !t.digits() {
			return false
		}
	}
	if c := t.peek(); c == 'e' || c == 'E' {
		t.at++
		if c := t.peek(); c == '+' || c == '-' {
			t.at++
		}
		exponent := t.at
		if !t.digits() || t.at-exponent > 2 {
			return false
		}
	}
	return t.at-start <= maxNumber
}

func (t *trimmer) digits() bool {
	start := t.at
	for c := t.peek(); c >= '0' && c <= '9'; c = t.peek() {
		t.at++
	}
	return t.at > start
}

func (t *trimmer) word(word string) bool {
	if !bytes.HasPrefix(t.in[t.at:], []byte(word)) {
		return false
	}
	t.at += len(word)
	return true
}

func (t *trimmer) space() {
	for t.at < len(t.in) {
		switch t.in[t.at] {
		case ' ', '\n', '\r', '\t':
			t.at++
		default:
			return
		}
	}
}

// 0 at the end, which no rule takes.
func (t *trimmer) peek() byte {
	if t.at < len(t.in) {
		return t.in[t.at]
	}
	return 0
}
