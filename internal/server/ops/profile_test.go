package ops

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/goptimedb/goptimedb/internal/server/httpd"
)

func TestFlameGraph(t *testing.T) {
	stacks := []folded{{[]string{"main.main", "a.f<T>", "b.g"}, 30}, {[]string{"main.main", "c.h"}, 70}}
	svg := flameGraph(stacks, "CPU", "nanoseconds")
	d := xml.NewDecoder(strings.NewReader(svg))
	rects := 0
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err, svg)
		}
		if e, ok := tok.(xml.StartElement); ok && e.Name.Local == "rect" {
			rects++
		}
	}
	if rects != 5 || !strings.Contains(svg, "a.f&lt;T&gt;: 0s, 30.0%") {
		t.Error(rects, svg)
	}
	if got := foldedText(stacks); got != "main.main;c.h 70\nmain.main;a.f<T>;b.g 30\n" {
		t.Error(got)
	}
	if svg := flameGraph(nil, "CPU", "nanoseconds"); !strings.Contains(svg, "</svg>") {
		t.Error(svg)
	}
}

func TestProfiles(t *testing.T) {
	s, err := httpd.New(httpd.Options{})
	if err != nil {
		t.Fatal(err)
	}
	Register(s, Options{Pprof: true})
	ask := func(target string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("POST", target, nil))
		return w
	}
	w := ask("/debug/prof/mem")
	if _, err := profile.Parse(w.Body); err != nil || w.Code != 200 {
		t.Error(w.Code, err)
	}
	if w := ask("/debug/prof/mem?output=text"); w.Code != 200 || !strings.Contains(w.Body.String(), ";") {
		t.Error(w.Code, w.Body)
	}
	if w := ask("/debug/prof/mem?output=flamegraph"); w.Code != 200 || !strings.HasPrefix(w.Body.String(), "<svg") {
		t.Error(w.Code, w.Body)
	}
	if w := ask("/debug/prof/cpu?seconds=1&output=text"); w.Code != 200 {
		t.Error(w.Code, w.Body)
	}
	for _, bad := range []string{"/debug/prof/cpu?seconds=0", "/debug/prof/cpu?seconds=x", "/debug/prof/cpu?seconds=9999", "/debug/prof/cpu?output=png", "/debug/prof/mem?output=png"} {
		if w := ask(bad); w.Code != 400 {
			t.Error(bad, w.Code, w.Body)
		}
	}
}
