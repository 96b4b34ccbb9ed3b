package httpd

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// WriteCost tells a writer what its rows cost, in milliseconds.
func WriteCost(w http.ResponseWriter, took time.Duration) {
	w.Header().Set("x-greptime-metrics", `{"greptime_exec_write_cost":`+strconv.FormatInt(took.Milliseconds(), 10)+`}`)
}

// WriteJSON answers 200 with v.
func WriteJSON(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return errs.Wrap(errs.External, enc.Encode(v), "write answer")
}
