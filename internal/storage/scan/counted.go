package scan

// counts reports an aggregate that statistics may answer: numbers of rows, by tags or of all, and the first and the last time of all.
func (p *plan) counts() bool {
	a := p.agg
	if a.bucket != nil || len(a.others) > 0 || len(p.rowPred) > 0 || len(a.outs) == 0 {
		return false
	}
	for i := range a.states {
		st := &a.states[i]
		timed := st.ref == refTime && st.arg == nil && !st.count && !st.first && !st.last && !st.sum && !st.sumFloat && !st.moments && st.summary == nil
		if !timed || st.filter >= 0 || a.byTags && (st.min || st.max) {
			return false
		}
	}
	return true
}

// counted reports that every row of a cluster's series counts, once, so that their numbers are known without a look at them.
func (c *cluster) counted(p *plan) bool {
	if !c.simple {
		return false
	}
	in := c.ins[0]
	if in.deletes || !in.covered || len(in.hidden) > 0 {
		return false
	}
	for i := range p.agg.states {
		if st := &p.agg.states[i]; (st.min || st.max) && in.count != in.table.Len() { // the times are those of all its series
			return false
		}
	}
	return true
}

// addCounted takes in a cluster by its statistics.
func (t *table) addCounted(c *cluster) {
	in := c.ins[0]
	for at := range in.count {
		from, to := in.rowsAt(at)
		slot := t.g.tagGroup(in.globalOf(at))
		if !t.g.dense {
			slot = t.slot(slotKey{group: slot})
		}
		t.rows[slot] += int64(to - from)
		for _, st := range t.states {
			st.n[slot] += int64(to - from)
			if st.minI != nil {
				st.minI[slot] = min(st.minI[slot], in.min)
			}
			if st.maxI != nil {
				st.maxI[slot] = max(st.maxI[slot], in.max)
			}
		}
	}
}
