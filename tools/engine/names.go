package main

import "bytes"

// A nameStack knows the names of the objects that are open, to find one that is written twice.
type nameStack struct {
	names [][]byte
	many  []map[string]bool // of the open objects that have many
}

// From here on one looks names up rather than comparing each with each.
const manyNames = 16

type nameMark struct{ names, many int }

func (s *nameStack) open() nameMark { return nameMark{len(s.names), len(s.many)} }

func (s *nameStack) close(mark nameMark) {
	s.names = s.names[:mark.names]
	s.many = s.many[:mark.many]
}

// Whether the name is new in the object that was opened at the mark, which has to be the innermost.
func (s *nameStack) add(mark nameMark, name []byte) bool {
	if len(s.many) > mark.many {
		known := s.many[mark.many]
		if known[string(name)] {
			return false
		}
		known[string(name)] = true
		return true
	}
	own := s.names[mark.names:]
	for _, other := range own {
		if bytes.Equal(other, name) {
			return false
		}
	}
	s.names = append(s.names, name)
	if len(own) >= manyNames {
		known := map[string]bool{}
		for _, other := range s.names[mark.names:] {
			known[string(other)] = true
		}
		s.many = append(s.many, known)
	}
	return true
}
