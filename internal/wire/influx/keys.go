package influx

import "unicode/utf8"

// measurement finds the table of a line and the offset behind its name.
func (d *decoder) measurement(i int) (*table, int, *fault) {
	src := d.src
	if t := d.last; t != nil {
		if n := i + len(t.raw); n < len(src) && (src[n] == ',' || src[n] == ' ') && string(src[i:n]) == string(t.raw) {
			return t, n, nil
		}
	}
	start := i
	for i < len(src) && src[i] != ',' && src[i] >= 0x21 && src[i] != '\\' {
		i++
	}
	name := src[start:i]
	if i < len(src) && src[i] == '\\' {
		name, i = d.escaped(start, ", ")
	}
	if len(name) == 0 {
		return nil, 0, bad("", "measurement is missing")
	}
	if i == len(src) || src[i] != ',' && src[i] != ' ' {
		return nil, 0, d.unexpected(i, "", "behind the measurement")
	}
	if d.checkUTF8 && !utf8.Valid(name) {
		return nil, 0, bad("", "measurement is not valid UTF-8")
	}
	t := d.set.byName[string(name)]
	if t == nil {
		if len(d.set.tables) >= d.opt.MaxTables {
			return nil, 0, bad("", "more than %d measurements in one request", d.opt.MaxTables)
		}
		t = d.set.newTable(d.set.intern(name), src[start:i])
	} else {
		t.raw = append(t.raw[:0], src[start:i]...)
	}
	d.last = t
	return t, i, nil
}

// key reads a key and its '='. It gives the column of that name, or nil; the unescaped name stays in d.set.scratch, and the raw
// key in front of the offset it gives.
func (d *decoder) key(t *table, i int, what string) (*column, int, *fault) {
	src := d.src
	start := i
	for i < len(src) && src[i] >= 0x21 && src[i] != ',' && src[i] != '=' && src[i] != '\\' {
		i++
	}
	name := src[start:i]
	if i < len(src) && src[i] == '\\' {
		name, i = d.escaped(start, ", =")
	}
	if len(name) == 0 {
		return nil, 0, d.unexpected(i, "", "where a "+what+" key should be")
	}
	if d.checkUTF8 && !utf8.Valid(name) {
		return nil, 0, bad(string(name), "%s key is not valid UTF-8", what)
	}
	if i == len(src) || src[i] != '=' {
		return nil, 0, d.unexpected(i, string(name), "where '=' should follow the "+what+" key")
	}
	d.set.scratch = append(d.set.scratch[:0], name...)
	return t.byName[string(name)], i + 1, nil
}

// tagKey reads a tag's key, adding the column if it is new, and notes it in the plan.
func (d *decoder) tagKey(t *table, start, step int) (*column, int, *fault) {
	c, i, f := d.key(t, start, "tag")
	switch {
	case f != nil:
	case c == nil:
		c, f = d.addColumn(t, d.set.scratch, kindTag)
	case c.kind != kindTag:
		f = bad(c.name, "given as a tag, but it is %s in this request", c.kind.what())
	}
	if f != nil {
		return nil, 0, f
	}
	remember(&t.tagPlan, step, d.src[start:i], c)
	return c, i, nil
}

// fieldKey reads a field's key. A new column takes its kind from the value behind the key.
func (d *decoder) fieldKey(t *table, start, step int) (*column, int, *fault) {
	c, i, f := d.key(t, start, "field")
	switch {
	case f != nil:
	case c == nil:
		var k kind
		if k, f = d.kindAt(i, string(d.set.scratch)); f == nil {
			c, f = d.addColumn(t, d.set.scratch, k)
		}
	case c.kind == kindTag || c.kind == kindTime:
		f = bad(c.name, "given as a field, but it is %s in this request", c.kind.what())
	}
	if f != nil {
		return nil, 0, f
	}
	remember(&t.fieldPlan, step, d.src[start:i], c)
	return c, i, nil
}

func (d *decoder) addColumn(t *table, key []byte, k kind) (*column, *fault) {
	name := d.set.intern(key)
	if len(t.cols) >= d.opt.MaxColumns {
		return nil, bad(name, "more than %d columns in table %q", d.opt.MaxColumns, clip(t.rows.Table))
	}
	if name == d.opt.TimeColumn {
		return nil, bad(name, "a tag or field has the name of the time index")
	}
	c := d.set.newColumn(name, k)
	t.byName[name] = c
	t.cols = append(t.cols, c)
	d.cells += t.n
	return c, nil
}
