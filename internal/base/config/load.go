package config

import (
	"encoding"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// DefaultEnvPrefix is the prefix of environment variables; OwnEnvPrefix is accepted beside it.
const (
	DefaultEnvPrefix = "GREPTIMEDB_STANDALONE"
	OwnEnvPrefix     = "GOPTIMEDB_STANDALONE"
)

// known are keys of the product that have no effect in this version. They are warned about in other words than unknown ones.
var known = []string{"enable_telemetry", "runtime.", "grpc.", "mysql.", "postgres.", "opentsdb.", "jaeger.", "otlp.", "metadata_store.",
	"procedure.", "flow.", "tracing.", "logging.", "query.", "storage.", "wal.", "region_engine.", "prom_store.", "http.",
	"memory.", "meta_client.", "event_recorder.", "export_metrics."}

// Load lays the environment (variables PREFIX__SECTION__KEY) and then the file over the defaults. env is as os.Environ gives it; an
// empty path means no file. warnings are keys of the file that have no effect.
func Load(path, envPrefix string, env []string) (c *Standalone, warnings []string, err error) {
	c = Default()
	for _, p := range []string{envPrefix, OwnEnvPrefix} {
		if err := applyEnv(reflect.ValueOf(c).Elem(), p, env); err != nil {
			return nil, nil, err
		}
	}
	if path == "" {
		return c, nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, errs.Wrap(errs.InvalidArguments, err, "read configuration")
	}
	mito := *c.Mito()
	c.RegionEngine = nil
	dec := toml.NewDecoder(strings.NewReader(string(text))).DisallowUnknownFields()
	err = dec.Decode(c)
	var missing *toml.StrictMissingError
	var syntax *toml.DecodeError
	switch {
	case errors.As(err, &missing):
		for _, e := range missing.Errors {
			key := strings.Join(e.Key(), ".")
			row, _ := e.Position()
			if slices.ContainsFunc(known, func(p string) bool {
				return key == strings.TrimSuffix(p, ".") || strings.HasSuffix(p, ".") && strings.HasPrefix(key, p)
			}) {
				warnings = append(warnings, fmt.Sprintf("%s:%d: key %q has no effect in this version", path, row, key))
			} else {
				warnings = append(warnings, fmt.Sprintf("%s:%d: unknown key %q", path, row, key))
			}
		}
	case errors.As(err, &syntax):
		row, col := syntax.Position()
		return nil, nil, errs.New(errs.InvalidArguments, "%s:%d:%d: %s", path, row, col, syntax.Error())
	case err != nil:
		return nil, nil, errs.Wrap(errs.InvalidArguments, err, "%s", path)
	}
	// A [[region_engine]] block of the file starts from the defaults, not from zero.
	blocks := c.RegionEngine
	c.RegionEngine = []RegionEngine{{Mito: &mito}}
	for _, b := range blocks {
		if b.Metric != nil {
			c.RegionEngine = append(c.RegionEngine, RegionEngine{Metric: b.Metric})
		}
		if b.Mito != nil {
			overlay(reflect.ValueOf(&mito).Elem(), reflect.ValueOf(b.Mito).Elem())
		}
	}
	return c, warnings, nil
}

// TOML prints the tree as a file that Load reads.
// Passwords of users are left out.
func (c *Standalone) TOML() (string, error) {
	shown := *c
	if kind, _, ok := strings.Cut(c.UserProvider, "cmd:"); ok {
		shown.UserProvider = kind + "cmd:***"
	}
	b, err := toml.Marshal(&shown)
	return string(b), err
}

func overlay(dst, src reflect.Value) {
	for i := range src.NumField() {
		switch {
		case src.Field(i).Kind() == reflect.Struct:
			overlay(dst.Field(i), src.Field(i))
		case !src.Field(i).IsZero():
			dst.Field(i).Set(src.Field(i))
		}
	}
}

// applyEnv sets each leaf of v for which a variable prefix__NAME exists.
func applyEnv(v reflect.Value, prefix string, env []string) error {
	t := v.Type()
	for i := range t.NumField() {
		f := v.Field(i)
		key, _, _ := strings.Cut(t.Field(i).Tag.Get("toml"), ",")
		name := prefix + "__" + strings.ToUpper(key)
		if t.Field(i).Anonymous { // its keys stand beside the others
			if err := applyEnv(f, prefix, env); err != nil {
				return err
			}
			continue
		}
		if f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Struct { // of lists of blocks only region_engine has variables: its one block
			if f.Type() == reflect.TypeFor[[]RegionEngine]() && f.Len() > 0 && !f.Index(0).Field(0).IsNil() {
				if err := applyEnv(f.Index(0).Field(0).Elem(), name+"__MITO", env); err != nil {
					return err
				}
			}
			continue
		}
		if f.Kind() == reflect.Struct {
			if err := applyEnv(f, name, env); err != nil {
				return err
			}
			continue
		}
		text, ok := lookup(env, name)
		if !ok {
			continue
		}
		if err := setText(f, text); err != nil {
			return errs.Wrap(errs.InvalidArguments, err, "environment variable %s", name)
		}
	}
	return nil
}

func lookup(env []string, name string) (string, bool) {
	for _, e := range env {
		if k, v, ok := strings.Cut(e, "="); ok && k == name {
			return v, true
		}
	}
	return "", false
}

func setText(f reflect.Value, text string) error {
	if u, ok := f.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch f.Kind() {
	case reflect.Pointer: // a value whose absence is not its zero
		v := reflect.New(f.Type().Elem())
		if err := setText(v.Elem(), text); err != nil {
			return err
		}
		f.Set(v)
	case reflect.String:
		f.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%q is not true or false", text)
		}
		f.SetBool(b)
	case reflect.Int:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("%q is not a number", text)
		}
		f.SetInt(n)
	case reflect.Slice:
		var parts []string
		for p := range strings.SplitSeq(text, ",") {
			if p = strings.TrimSpace(p); p != "" {
				parts = append(parts, p)
			}
		}
		f.Set(reflect.ValueOf(parts))
	default:
		return fmt.Errorf("cannot be set from text")
	}
	return nil
}
