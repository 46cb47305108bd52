// Rewrites the answers in vectors.json with those of text/template itself: go run vectors.go < vectors.json > new.json
package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"text/template"
)

type Vector struct {
	Template string `json:"template"`
	Data     string `json:"data"`
	Output   string `json:"output"`
	Error    string `json:"error,omitempty"`
}

type Platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
	Variant      string `json:"variant,omitempty"`
}

type Descriptor struct {
	MediaType   string            `json:"mediaType,omitempty"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Platform    *Platform         `json:"platform,omitempty"`
}

type Config struct {
	Env    []string `json:"Env,omitempty"`
	Labels map[string]string
}

type Image struct {
	Platform
	Config Config `json:"config,omitempty"`
}

type Input struct {
	Name      string       `json:"name,omitempty"`
	Manifests []Descriptor `json:"manifests"`
	Manifest  any          `json:"manifest,omitempty"`
	Image     *Image       `json:"image,omitempty"`
}

func (Input) SBOM() (map[string]any, error) {
	return map[string]any{"SPDX": map[string]any{"name": "sbom"}}, nil
}

func main() {
	input, err := io.ReadAll(os.Stdin)
	check(err)
	var file struct {
		JSON    any      `json:"json"`
		Vectors []Vector `json:"vectors"`
	}
	check(json.Unmarshal(input, &file))
	amd := Descriptor{MediaType: "m", Digest: "sha256:aa", Size: 12, Platform: &Platform{"amd64", "linux", ""}}
	bare := Descriptor{MediaType: "m", Digest: "sha256:bb", Size: 3, Annotations: map[string]string{"b": "2", "a": "<1>"}}
	input2 := Input{Name: "app:1", Manifests: []Descriptor{amd, bare}, Manifest: bare, Image: &Image{Platform{"arm64", "linux", "v8"}, Config{Env: []string{"A=1", "B=2"}, Labels: map[string]string{}}}}
	data := map[string]any{"json": file.JSON, "struct": input2}
	functions := template.FuncMap{"json": func(v any) string {
		b, _ := json.MarshalIndent(v, "", "  ")
		return string(b)
	}}
	for i := range file.Vectors {
		v := &file.Vectors[i]
		v.Output, v.Error = "", ""
		parsed, err := template.New("").Funcs(functions).Parse(v.Template)
		if err == nil {
			var out bytes.Buffer
			err = parsed.Execute(&out, data[v.Data])
			v.Output = out.String()
		}
		if err != nil {
			v.Error = err.Error()
		}
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	check(encoder.Encode(file))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
