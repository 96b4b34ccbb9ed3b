package operator

import (
	"encoding/json"
	"sync"

	"github.com/google/uuid"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// keptProcedures is how many ended procedures can still be asked about: enough for whoever looks at what he began a while ago.
const keptProcedures = 1024

// procedures are the jobs that statements began and whose ends can be asked for by id.
type procedures struct {
	mu   sync.Mutex
	ends map[string]string // what procedure_state says, by id
	ids  []string          // oldest first
}

// run does a job under a new id. How it ended is told by state; its error is given too.
func (p *procedures) run(job func() error) (id string, err error) {
	id = uuid.NewString()
	err = job()
	state := struct {
		Status string `json:"status"`
		Error  string `json:"error,omitempty"`
	}{Status: "Done"}
	if err != nil {
		state.Status, state.Error = "Failed", err.Error()
	}
	text, jsonErr := json.Marshal(state)
	if jsonErr != nil {
		return id, jsonErr
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ends == nil {
		p.ends = map[string]string{}
	}
	if len(p.ids) == keptProcedures {
		delete(p.ends, p.ids[0])
		p.ids = append(p.ids[:0], p.ids[1:]...)
	}
	p.ids, p.ends[id] = append(p.ids, id), string(text)
	return id, err
}

// state is how a procedure ended: {"status":"Done"}.
func (p *procedures) state(id string) (string, error) {
	if uuid.Validate(id) != nil {
		return "", errs.New(errs.InvalidArguments, "Invalid procedure id: %s", id)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s, ok := p.ends[id]
	if !ok {
		return "", errs.New(errs.InvalidArguments, "Procedure not found: %s; the last %d of this process are known", id, keptProcedures)
	}
	return s, nil
}
