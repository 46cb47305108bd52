package main

import (
	"runtime/debug"
	"unsafe"
)

// The host limits memory to 1 GiB (build.ts); from here on the collector spends time rather than memory.
func init() { debug.SetMemoryLimit(768 << 20) }

var (
	received []byte
	answered []byte
)

// A fresh buffer for each request: what was compiled from the last one may still point into it.
//
//go:wasmexport reserve
func reserve(size int32) unsafe.Pointer {
	received = make([]byte, size+1)
	return unsafe.Pointer(&received[0])
}

// Where the answer to what lies in the reserved buffer begins.
//
//go:wasmexport evaluate
func exportEvaluate() unsafe.Pointer {
	message := received[:len(received)-1]
	received = nil
	answered = evaluate(message)
	return unsafe.Pointer(&answered[0])
}

//go:wasmexport answer_size
func answerSize() int32 { return int32(len(answered)) }
