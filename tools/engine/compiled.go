package main

import (
	"container/list"
	"crypto/sha256"
	"encoding/binary"
)

// Policies stay compiled, the last used ones, by the hash of all their sources.
type compiled[T any] struct {
	entries map[[sha256.Size]byte]*list.Element
	order   *list.List // most recent first
}

type entry[T any] struct {
	key    [sha256.Size]byte
	policy T
}

const maxCompiled = 128

func newCompiled[T any]() *compiled[T] {
	return &compiled[T]{entries: map[[sha256.Size]byte]*list.Element{}, order: list.New()}
}

func (c *compiled[T]) get(r request, compile func() T) T {
	key := keyOf(r)
	if element, ok := c.entries[key]; ok {
		c.order.MoveToFront(element)
		return element.Value.(entry[T]).policy
	}
	policy := compile()
	c.entries[key] = c.order.PushFront(entry[T]{key, policy})
	for c.order.Len() > maxCompiled {
		last := c.order.Back()
		delete(c.entries, c.order.Remove(last).(entry[T]).key)
	}
	return policy
}

func keyOf(r request) [sha256.Size]byte {
	hash := sha256.New()
	length := make([]byte, 4)
	write := func(part []byte) {
		binary.LittleEndian.PutUint32(length, uint32(len(part)))
		hash.Write(length)
		hash.Write(part)
	}
	write([]byte{byte(r.dialect)})
	for _, s := range r.sources {
		write([]byte(s.name))
		write(s.text)
	}
	return [sha256.Size]byte(hash.Sum(nil))
}
