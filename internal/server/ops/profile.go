package ops

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"net/http"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/pprof/profile"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/server/httpd"
)

// profiles answers /debug/prof/*: one profile at a time, as protobuf, as folded stacks, or drawn as a flame graph.
type profiles struct{ busy atomic.Bool }

const maxProfileSeconds = 300

func registerProfiles(s *httpd.Server) {
	p := &profiles{}
	s.Handle(httpd.Route{Methods: "POST GET", Path: "/debug/prof/cpu", Handler: p.cpu})
	s.Handle(httpd.Route{Methods: "POST GET", Path: "/debug/prof/mem", Handler: p.mem})
	s.Handle(httpd.Route{Methods: "GET", Path: "/debug/prof/mem/status", Handler: func(w http.ResponseWriter, _ *httpd.Request) error {
		return httpd.WriteJSON(w, struct {
			Active bool `json:"active"` // the heap is always sampled
		}{runtime.MemProfileRate > 0})
	}})
}

func number(r *httpd.Request, name string, byDefault, limit int) (int, error) {
	text := r.Query().Get(name)
	if text == "" {
		return byDefault, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > limit {
		return 0, errs.New(errs.InvalidArguments, "%s must be 1 to %d, not %q", name, limit, text)
	}
	return n, nil
}

func output(r *httpd.Request) (string, error) {
	switch o := cmp.Or(r.Query().Get("output"), "proto"); o {
	case "proto", "text", "flamegraph":
		return o, nil
	default:
		return "", errs.New(errs.InvalidArguments, "output %q is none of proto, text, flamegraph", o)
	}
}

func (p *profiles) cpu(w http.ResponseWriter, r *httpd.Request) error {
	seconds, err := number(r, "seconds", 5, maxProfileSeconds)
	if err != nil {
		return err
	}
	if _, err := number(r, "frequency", 99, 1000); err != nil { // Go samples 100 times a second
		return err
	}
	out, err := output(r)
	if err != nil {
		return err
	}
	if !p.busy.CompareAndSwap(false, true) {
		return errs.New(errs.RateLimited, "another CPU profile is being taken; try again when it is done")
	}
	defer p.busy.Store(false)
	var b bytes.Buffer
	if err := pprof.StartCPUProfile(&b); err != nil {
		return errs.Wrap(errs.RateLimited, err, "take a CPU profile")
	}
	select {
	case <-time.After(time.Duration(seconds) * time.Second):
	case <-r.Context().Done():
	}
	pprof.StopCPUProfile()
	if err := r.Context().Err(); err != nil {
		return err
	}
	return answer(w, b.Bytes(), out, "cpu", "CPU")
}

func (p *profiles) mem(w http.ResponseWriter, r *httpd.Request) error {
	out, err := output(r)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := pprof.Lookup("heap").WriteTo(&b, 0); err != nil {
		return errs.Wrap(errs.Internal, err, "take a heap profile")
	}
	return answer(w, b.Bytes(), out, "inuse_space", "memory in use")
}

// answer writes a profile; kind is the type of its samples that is shown.
func answer(w http.ResponseWriter, data []byte, out, kind, title string) error {
	if out == "proto" {
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Disposition", `attachment; filename="goptime.pb.gz"`)
		_, err := w.Write(data)
		return errs.Wrap(errs.External, err, "write profile")
	}
	prof, err := profile.ParseData(data)
	if err != nil {
		return errs.Wrap(errs.Internal, err, "read profile")
	}
	stacks, unit := foldedStacks(prof, kind)
	var text string
	if out == "text" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		text = foldedText(stacks)
	} else {
		w.Header().Set("Content-Type", "image/svg+xml")
		text = flameGraph(stacks, title, unit)
	}
	_, err = w.Write([]byte(text))
	return errs.Wrap(errs.External, err, "write profile")
}

// folded is a stack, outermost function first, and its weight.
type folded struct {
	frames []string
	weight int64
}

func foldedStacks(p *profile.Profile, kind string) (out []folded, unit string) {
	at := len(p.SampleType) - 1
	for i, t := range p.SampleType {
		if t.Type == kind {
			at = i
		}
	}
	if at < 0 {
		return nil, ""
	}
	byKey := map[string]int{}
	for _, s := range p.Sample {
		var frames []string
		for i := len(s.Location) - 1; i >= 0; i-- {
			for j := len(s.Location[i].Line) - 1; j >= 0; j-- { // the last one is the caller of those inlined
				if f := s.Location[i].Line[j].Function; f != nil {
					frames = append(frames, f.Name)
				}
			}
		}
		key := strings.Join(frames, ";")
		if key == "" || s.Value[at] == 0 {
			continue
		}
		i, ok := byKey[key]
		if !ok {
			i = len(out)
			byKey[key] = i
			out = append(out, folded{frames: frames})
		}
		out[i].weight += s.Value[at]
	}
	return out, p.SampleType[at].Unit
}

// foldedText prints "outer;inner weight" lines, the heaviest first, which flame graph tools read.
func foldedText(stacks []folded) string {
	slices.SortStableFunc(stacks, func(a, b folded) int { return cmp.Compare(b.weight, a.weight) })
	var sb strings.Builder
	for _, s := range stacks {
		fmt.Fprintf(&sb, "%s %d\n", strings.Join(s.frames, ";"), s.weight)
	}
	return sb.String()
}

// flame is a function in the graph, with those that it calls.
type flame struct {
	name   string
	weight int64
	calls  map[string]*flame
}

func (f *flame) add(frames []string, weight int64) {
	f.weight += weight
	if len(frames) == 0 {
		return
	}
	c := f.calls[frames[0]]
	if c == nil {
		c = &flame{name: frames[0], calls: map[string]*flame{}}
		if f.calls == nil {
			f.calls = map[string]*flame{}
		}
		f.calls[frames[0]] = c
	}
	c.add(frames[1:], weight)
}

const (
	flameWidth  = 1200.0
	flameRow    = 17.0
	flameLetter = 6.6 // pixels
)

// flameGraph draws the stacks: callers below, as wide as their weight; titles tell what does not fit.
func flameGraph(stacks []folded, title, unit string) string {
	root := &flame{name: "all"}
	depth := 0
	for _, s := range stacks {
		root.add(s.frames, s.weight)
		depth = max(depth, len(s.frames))
	}
	height := float64(depth+3) * flameRow
	var sb strings.Builder
	fmt.Fprintf(&sb, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" font-family="monospace" font-size="11">`+"\n", flameWidth, height)
	fmt.Fprintf(&sb, `<text x="4" y="13">%s: %s</text>`+"\n", html.EscapeString(title), amount(root.weight, unit))
	if root.weight > 0 {
		root.draw(&sb, 0, height-flameRow-4, flameWidth, root.weight, unit)
	}
	sb.WriteString("</svg>\n")
	return sb.String()
}

func (f *flame) draw(sb *strings.Builder, x, y, width float64, total int64, unit string) {
	if width < 0.5 {
		return
	}
	var hue uint32
	for _, c := range f.name {
		hue = hue*31 + uint32(c)
	}
	label := f.name
	if i := strings.LastIndexByte(label, '/'); i >= 0 {
		label = label[i+1:]
	}
	if n := int(width / flameLetter); n < 3 {
		label = ""
	} else if len(label) > n {
		label = label[:n-1] + "…"
	}
	fmt.Fprintf(sb, `<g><title>%s: %s, %.1f%%</title><rect x="%.1f" y="%.1f" width="%.1f" height="%.0f" fill="hsl(%d,70%%,70%%)" stroke="white" stroke-width="0.5"/><text x="%.1f" y="%.1f">%s</text></g>`+"\n",
		html.EscapeString(f.name), amount(f.weight, unit), 100*float64(f.weight)/float64(total), x, y, width, flameRow-1, 10+hue%45, x+2, y+12, html.EscapeString(label))
	names := make([]string, 0, len(f.calls))
	for n := range f.calls {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		c := f.calls[n]
		w := width * float64(c.weight) / float64(f.weight)
		c.draw(sb, x, y-flameRow, w, total, unit)
		x += w
	}
}

func amount(n int64, unit string) string {
	switch unit {
	case "nanoseconds":
		return time.Duration(n).Round(time.Millisecond).String()
	case "bytes":
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d %s", n, unit)
}
