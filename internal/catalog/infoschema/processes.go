package infoschema

import "context"

// processes are the statements that run, the one that asks among them.
func processes(_ context.Context, s *Source, w *writer) error {
	if s.Processes == nil {
		return nil
	}
	for _, p := range s.Processes.Running() {
		w.add(p.Name(), p.Catalog, p.Database, p.Text(), p.Client, s.Processes.Frontend, p.Started, p.Elapsed().Milliseconds())
	}
	return nil
}
