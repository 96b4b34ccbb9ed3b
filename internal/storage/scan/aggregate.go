package scan

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

const aggregateBlock = 32 << 10

type aggPlan struct{ byTags bool }

func (p *plan) compileAggregate(a *model.Aggregate) (*aggPlan, []model.Field, error) {
	return nil, nil, errs.New(errs.Unsupported, "scan: aggregate")
}

func (sc *scan) aggregate([]*input, []*cluster) func(context.Context) error { return nil }
