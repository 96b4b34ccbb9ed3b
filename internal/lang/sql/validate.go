package sql

import "github.com/goptimedb/goptimedb/internal/base/errs"

// definition gathers what a CREATE TABLE says about its keys, wherever it says it.
type definition struct {
	timeIndexes []Ident   // of columns and constraints, in order
	inlineKeys  []Ident   // columns with PRIMARY KEY
	primaryKeys [][]Ident // PRIMARY KEY (…) constraints
}

// finish moves the keys to the table and checks it.
func (d *definition) finish(s *CreateTable) error {
	switch n := len(d.timeIndexes); {
	case n == 0 && !s.External:
		return errs.New(errs.InvalidSyntax, "Missing time index constraint")
	case n > 1:
		return errs.New(errs.InvalidSyntax, "Invalid time index: expected only one time index constraint but actual %d", n)
	case n == 1:
		s.TimeIndex = d.timeIndexes[0]
	}
	switch {
	case len(d.primaryKeys) > 1 || len(d.primaryKeys) == 1 && len(d.inlineKeys) > 0:
		return errs.New(errs.InvalidArguments, "Illegal primary keys definition: found definitions of primary keys in multiple places")
	case len(d.inlineKeys) > 1:
		return errs.New(errs.InvalidArguments, "Illegal primary keys definition: not allowed to inline multiple primary keys in columns options")
	case len(d.primaryKeys) == 1:
		s.PrimaryKey = d.primaryKeys[0]
	case len(d.inlineKeys) == 1:
		s.PrimaryKey = d.inlineKeys
	}
	if len(s.PrimaryKey) == 0 {
		s.PrimaryKey = nil
	}
	return s.Validate()
}

// Validate checks what can be checked without a catalog: names within the definition, types, time index, keys, and
// that partition rules use listed columns. Parse has done so already; it is for definitions built otherwise.
func (c *CreateTable) Validate() error {
	seen := make(map[string]int, len(c.Columns))
	for i := range c.Columns {
		col := &c.Columns[i]
		if j, ok := seen[col.Name.Name]; ok {
			return errs.New(errs.InvalidArguments, "Invalid SQL, error: column name `%s` is duplicated at index %d and %d", col.Name.Name, j, i)
		}
		seen[col.Name.Name] = i
		t, err := col.Type.Resolve()
		if err != nil {
			return err
		}
		if err := col.validate(t); err != nil {
			return err
		}
	}
	if err := c.validateKeys(); err != nil {
		return err
	}
	return c.validatePartitions()
}

func (c *ColumnDef) validate(t Type) error {
	if t.Kind == KindInterval {
		return errs.New(errs.InvalidArguments, "Invalid SQL, error: column name `%s` is interval type, which is not supported", c.Name.Name)
	}
	bad := func(reason string) error {
		return errs.New(errs.InvalidArguments, "Invalid column option, column name: %s, error: %s", c.Name.Name, reason)
	}
	if t.Kind == KindJSON && c.Default != nil {
		return bad("json column cannot have a default value")
	}
	switch d := c.Default.(type) {
	case nil, *Literal:
	case *FuncCall:
		if len(d.Args) > 0 || d.Over != nil || d.Filter != nil {
			return c.badDefault()
		}
	default:
		return c.badDefault()
	}
	for _, ix := range c.Indexes {
		switch {
		case ix.Kind == FulltextIndex && t.Kind != KindString:
			return bad("FULLTEXT index only supports string type")
		case ix.Kind == VectorIndex && t.Kind != KindVector:
			return bad("VECTOR index only supports Vector type")
		}
		for _, o := range ix.Options {
			if !ix.Kind.allows(o.Key) {
				return bad("invalid " + ix.Kind.String() + " INDEX option: " + o.Key)
			}
		}
	}
	return nil
}

func (c *ColumnDef) badDefault() error {
	return errs.New(errs.Unsupported, "Unsupported default constraint for column: '%s', reason: expr '%s' not supported", c.Name.Name, Format(c.Default))
}

// ValidName reports whether a table, database, view or flow may have this name: a letter, underscore, colon or dash,
// then also digits, dots, @ and #.
func ValidName(name string) bool {
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case classes[c]&cStart != 0, c == ':', c == '-':
		case i > 0 && (classes[c]&cDigit != 0 || c == '.' || c == '@' || c == '#'):
		default:
			return false
		}
	}
	return name != ""
}

// allows reports whether the index kind has an option of this key.
func (k IndexKind) allows(key string) bool {
	switch k {
	case SkippingIndex:
		return key == "type" || key == "granularity" || key == "false_positive_rate"
	case FulltextIndex:
		switch key {
		case "analyzer", "case_sensitive", "backend", "granularity", "false_positive_rate":
			return true
		}
	case VectorIndex:
		switch key {
		case "engine", "metric", "connectivity", "expansion_add", "expansion_search":
			return true
		}
	}
	return false
}

func (c *CreateTable) validateKeys() error {
	if ts := c.TimeIndex.Name; ts != "" {
		col := c.Column(ts)
		if col == nil {
			return errs.New(errs.InvalidSyntax, "Invalid time index: time index column %s not found in columns", ts)
		}
		if t, err := col.Type.Resolve(); err != nil {
			return err
		} else if !t.Kind.Timestamp() {
			return errs.New(errs.InvalidArguments, "Invalid column option, column name: %s, error: time index column data type should be timestamp", ts)
		}
		if col.Null {
			return errs.New(errs.InvalidArguments, "Invalid column option, column name: %s, error: time index column can't be null", ts)
		}
	}
	seen := make(map[string]bool, len(c.PrimaryKey))
	for _, k := range c.PrimaryKey {
		switch {
		case seen[k.Name]:
			return errs.New(errs.InvalidArguments, "Invalid SQL, error: column name `%s` is duplicated in primary keys", k.Name)
		case c.Column(k.Name) == nil:
			return errs.New(errs.InvalidArguments, "Invalid SQL, error: column name `%s` is not found in column list", k.Name)
		case k.Name == c.TimeIndex.Name:
			return errs.New(errs.InvalidArguments, "Invalid SQL, error: column name `%s` is both primary key and time index", k.Name)
		}
		seen[k.Name] = true
	}
	return nil
}

func (c *CreateTable) validatePartitions() error {
	if c.Partitions == nil {
		return nil
	}
	for _, id := range c.Partitions.Columns {
		if c.Column(id.Name) == nil {
			return errs.New(errs.InvalidSyntax, "Invalid SQL, error: Partition column %q not defined", id.Name)
		}
	}
	return c.Partitions.Validate()
}

// Validate checks that every rule compares listed columns with literals and joins such comparisons by AND and OR.
func (d *Partitions) Validate() error {
	for _, r := range d.Rules {
		if _, ok := r.(*Binary); !ok {
			return errs.New(errs.InvalidSyntax, "Invalid SQL, error: Partition rule expr %s is not a binary expr", Format(r))
		}
		if err := d.rule(r); err != nil {
			return err
		}
	}
	return nil
}

func (d *Partitions) rule(e Expr) error {
	switch e := e.(type) {
	case *Binary:
		if e.Op != OpAnd && e.Op != OpOr && !e.Op.Comparison() {
			return errs.New(errs.InvalidSyntax, "Invalid SQL, error: Partition rule expr %s uses operator %s, which is not allowed", Format(e), e.Op)
		}
		if err := d.rule(e.L); err != nil {
			return err
		}
		return d.rule(e.R)
	case *ColumnRef:
		name := e.Name.Base()
		for _, c := range d.Columns {
			if c.Name == name && len(e.Name) == 1 {
				return nil
			}
		}
		return errs.New(errs.InvalidSyntax, "Invalid SQL, error: Column %q in rule expr is not referenced in PARTITION ON", name)
	case *Literal:
		return nil
	}
	return errs.New(errs.InvalidSyntax, "Invalid SQL, error: Partition rule expr %s is not a binary expr", Format(e))
}
