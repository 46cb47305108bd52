package main

import (
	"io/fs"
	"strings"
	"time"
)

// A source that the loader opens as a file.
type regoFile struct {
	*strings.Reader
	name string
}

func (f *regoFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f *regoFile) Close() error               { return nil }

func (f *regoFile) Name() string       { return f.name }
func (f *regoFile) Mode() fs.FileMode  { return 0o444 }
func (f *regoFile) ModTime() time.Time { return time.Time{} }
func (f *regoFile) IsDir() bool        { return false }
func (f *regoFile) Sys() any           { return nil }
