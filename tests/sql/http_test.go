package sql

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/tests/sql/scripttest"
)

// overHTTP sends scripts to /v1/sql. A request is a session of its own, so that what USE and SET left behind goes with the next one as
// its database and time zone. NaN and infinities are null there; intervals are numbers; the rest is as the process has it.
var overHTTP = scripttest.Protocol{Name: "http", Dialect: model.DialectGreptime, Open: func(t *testing.T) (scripttest.Database, scripttest.Conn) {
	p := start(t)
	c := &httpConn{p, &http.Client{Transport: &http.Transport{}}}
	t.Cleanup(c.client.CloseIdleConnections)
	return p, c
}}

type httpConn struct {
	*process
	client *http.Client
}

func (c *httpConn) Reconnect() { c.client.CloseIdleConnections() }

// post sends a text and gives status and body.
func (c *httpConn) post(ctx context.Context, sess *model.Session, text string) (*http.Response, []byte, error) {
	form := url.Values{"sql": {text}, "db": {sess.Database}}
	req, err := http.NewRequestWithContext(ctx, "POST", "http://"+c.node.Addr()+"/v1/sql", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("x-greptime-timezone", zoneName(sess.Timezone))
	resp, err := c.client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(resp.Body)
	return resp, body.Bytes(), err
}

// zoneName names a zone as SET takes it.
func zoneName(loc *time.Location) string {
	if name := loc.String(); name != "" && !strings.ContainsAny(name, "+-") {
		return name
	}
	return time.Now().In(loc).Format("-07:00")
}

func (c *httpConn) Ask(ctx context.Context, sess *model.Session, text string, want scripttest.Answer) (scripttest.Answer, error) {
	resp, body, err := c.post(ctx, sess, text)
	if err != nil {
		return scripttest.Answer{}, err
	}
	var answer struct {
		Code   errs.Code
		Error  string
		Output []struct {
			AffectedRows *uint64
			Records      struct {
				Schema struct {
					Columns []struct {
						Name string
						Type string `json:"data_type"`
					} `json:"column_schemas"`
				}
				Rows  [][]json.RawMessage
				Total int `json:"total_rows"`
			}
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return scripttest.Answer{}, fmt.Errorf("%w in %s", err, body)
	}
	var got scripttest.Answer
	if resp.StatusCode != 200 {
		got.Err = &scripttest.Error{Code: answer.Code, Text: answer.Error}
		if m := masked(want.Err); m != nil && *m == *got.Err {
			got.Err = want.Err
		}
		if h := resp.Header.Get("x-greptime-err-code"); h != fmt.Sprint(uint32(answer.Code)) {
			return got, fmt.Errorf("code %d in the body, %q in the header", answer.Code, h)
		}
		return got, nil
	}
	for i, o := range answer.Output {
		if o.AffectedRows != nil {
			got.Outputs = append(got.Outputs, scripttest.Output{Affected: *o.AffectedRows})
			continue
		}
		out := scripttest.Output{Fields: []model.Field{}}
		for j, f := range o.Records.Schema.Columns {
			t := wantType(want, i, j)
			if f.Type != t.String() {
				return got, fmt.Errorf("column %s is said to be %s, not %s", f.Name, f.Type, t)
			}
			out.Fields = append(out.Fields, model.Field{Name: f.Name, Type: t})
		}
		if o.Records.Total != len(o.Records.Rows) {
			return got, fmt.Errorf("total_rows %d with %d rows", o.Records.Total, len(o.Records.Rows))
		}
		for r, row := range o.Records.Rows {
			cells := make([]string, len(row))
			for j, raw := range row {
				cells[j] = jsonCell(wantType(want, i, j), string(raw), wantCell(want, i, r, j))
			}
			out.Rows = append(out.Rows, cells)
		}
		got.Outputs = append(got.Outputs, out)
	}
	return got, nil
}

// jsonCell reads a cell of type t; want is what it should turn out to be.
func jsonCell(t model.Type, raw, want string) string {
	if raw == "null" {
		if t.Floating() && (want == "NaN" || want == "+Inf" || want == "-Inf") {
			return want // JSON has no way to say it
		}
		if t.Kind == model.KindJSON && want == "null" {
			return want // JSON's null is not told from NULL
		}
		return "NULL"
	}
	text := func() string {
		var s string
		if json.Unmarshal([]byte(raw), &s) != nil {
			return "not a string: " + raw
		}
		return s
	}
	switch t.Kind {
	case model.KindFloat32:
		return float32Of(raw)
	case model.KindFloat64:
		return float(raw)
	case model.KindInterval:
		return intervalOf(raw)
	case model.KindBinary, model.KindVector:
		var b []int
		if json.Unmarshal([]byte(raw), &b) != nil {
			return "not an array of bytes: " + raw
		}
		bytes := make([]byte, len(b))
		for i, x := range b {
			bytes[i] = byte(x)
		}
		return hexOf(bytes)
	case model.KindJSON, model.KindList, model.KindStruct, model.KindMap:
		if sameJSON(raw, want) {
			return want
		}
		return raw
	case model.KindString, model.KindDecimal:
		return text()
	}
	return raw
}
