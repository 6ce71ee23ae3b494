package compose

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// decoder reads x-stackctl strictly: what it does not know or cannot use is
// reported with its place.
type decoder struct {
	report func(at path, message, remedy string)
	// dir resolves relative paths.
	dir string
	// withoutFiles accepts files that are not there.
	withoutFiles bool
	// read is told each file that is named.
	read func(file string)
}

// settings decodes the top-level x-stackctl.
func (b *builder) settings(value any) Settings {
	d := b.decoder()
	at := path{"x-stackctl"}
	var out Settings
	d.mapping(value, at, fields{
		"timeout": func(v any, at path) { out.Timeout = d.duration(v, at) },
		"stable_for": func(v any, at path) {
			stable := d.duration(v, at)
			out.StableFor = &stable
		},
		"allow_unverified": func(v any, at path) { out.AllowUnverified = d.boolean(v, at) },
		"supervise": func(v any, at path) {
			d.mapping(v, at, fields{
				"budget":  func(v any, at path) { out.Supervise.Budget = d.integer(v, at, 1, 1_000_000) },
				"window":  func(v any, at path) { out.Supervise.Window = d.duration(v, at) },
				"backoff": func(v any, at path) { out.Supervise.Backoff = d.duration(v, at) },
			})
		},
	})
	return out
}

// serviceSettings decodes a service's x-stackctl.
func (b *builder) serviceSettings(s *Service, value any) ServiceSettings {
	d := b.decoder()
	at := path{"services", s.Name, "x-stackctl"}
	var out ServiceSettings
	d.mapping(value, at, fields{
		"job":              func(v any, at path) { out.Job = d.boolean(v, at) },
		"allow_unverified": func(v any, at path) { out.AllowUnverified = d.boolean(v, at) },
		"verify": func(v any, at path) {
			d.list(v, at, func(v any, at path) {
				if verify, ok := d.verify(v, at, s); ok {
					out.Verify = append(out.Verify, verify)
				}
			})
		},
		"critical_logs": func(v any, at path) {
			out.CriticalLogs = []CriticalLog{} // an empty list asks for none
			d.list(v, at, func(v any, at path) {
				if log, ok := d.criticalLog(v, at); ok {
					out.CriticalLogs = append(out.CriticalLogs, log)
				}
			})
		},
	})
	return out
}

func (b *builder) decoder() *decoder {
	return &decoder{dir: b.sources.at.dir, withoutFiles: b.options.WithoutFiles, read: b.options.read, report: func(at path, message, remedy string) {
		b.ps.add(b.sources.problem(at, message, remedy))
	}}
}

// fields maps the keys of a mapping to what reads their values.
type fields map[string]func(value any, at path)

func (d *decoder) mapping(value any, at path, known fields) {
	if value == nil {
		return
	}
	mapping, ok := value.(map[string]any)
	if !ok {
		d.report(at, "must be a mapping", "")
		return
	}
	names := slices.Sorted(maps.Keys(known))
	for _, key := range slices.Sorted(maps.Keys(mapping)) {
		read, ok := known[key]
		if !ok {
			d.report(at.next(key), "unknown key", "there are "+strings.Join(names, ", "))
			continue
		}
		read(mapping[key], at.next(key))
	}
}

func (d *decoder) list(value any, at path, read func(value any, at path)) {
	list, ok := value.([]any)
	if !ok {
		d.report(at, "must be a list", "begin each entry with -")
		return
	}
	for i, entry := range list {
		read(entry, at.next(item(i)))
	}
}

// duration takes 90s and 90, both 90 seconds.
func (d *decoder) duration(value any, at path) time.Duration {
	out, err := parseDuration(value)
	if err != nil {
		d.report(at, err.Error(), "write e.g. 90s, 2m or 90")
	}
	return out
}

func parseDuration(value any) (time.Duration, error) {
	var out time.Duration
	switch v := value.(type) {
	case int:
		if v > math.MaxInt32 {
			return 0, fmt.Errorf("%d seconds are too long", v)
		}
		out = time.Duration(v) * time.Second
	case float64:
		if math.Abs(v) > math.MaxInt32 {
			return 0, fmt.Errorf("%g seconds are too long", v)
		}
		out = time.Duration(v * float64(time.Second))
	case string:
		text := v
		if _, err := strconv.ParseFloat(text, 64); err == nil {
			text += "s"
		}
		parsed, err := time.ParseDuration(text)
		if err != nil {
			return 0, fmt.Errorf("%+q is not a duration", shorten(v, 40))
		}
		out = parsed
	default:
		return 0, fmt.Errorf("must be a duration")
	}
	if out < 0 {
		return 0, fmt.Errorf("a duration must not be negative")
	}
	return out, nil
}

func (d *decoder) boolean(value any, at path) bool {
	switch v := value.(type) {
	case bool:
		return v
	case string:
		if v == "true" || v == "false" {
			return v == "true"
		}
	}
	d.report(at, "must be true or false", "")
	return false
}

func (d *decoder) text(value any, at path) string {
	switch v := value.(type) {
	case string:
		return v
	case int, float64, bool:
		return fmt.Sprint(v)
	}
	d.report(at, "must be a string", "")
	return ""
}

func (d *decoder) integer(value any, at path, least, most int) int {
	n, ok := value.(int)
	if text, isText := value.(string); isText {
		parsed, err := strconv.Atoi(text)
		n, ok = parsed, err == nil
	}
	if !ok || n < least || n > most {
		d.report(at, fmt.Sprintf("must be a number from %d to %d", least, most), "")
		return 0
	}
	return n
}

// file resolves a path against the project's directory.
func (d *decoder) file(value any, at path) string {
	name := d.text(value, at)
	if name == "" {
		return ""
	}
	file := absolute(d.dir, name)
	d.read(file)
	if _, err := readBounded(file); err != nil && !d.withoutFiles {
		d.report(at, fmt.Sprintf("%s: %s", name, fileFault("file", err)), "create it, or name another one")
	}
	if to, leaves := leavesTree(d.dir, file); leaves {
		d.report(at, fmt.Sprintf("%s is a symbolic link to %s, out of the directory it is named in", filepath.Base(file), to), "name that path itself")
	}
	return file
}

func (d *decoder) criticalLog(value any, at path) (CriticalLog, bool) {
	var out CriticalLog
	if _, ok := value.(map[string]any); ok {
		d.mapping(value, at, fields{
			"pattern": func(v any, at path) { out.Pattern = d.text(v, at) },
			"fail":    func(v any, at path) { out.Fail = d.boolean(v, at) },
		})
	} else {
		out.Pattern = d.text(value, at)
	}
	if out.Pattern == "" {
		d.report(at, "needs a pattern", "write a regular expression")
		return out, false
	}
	compiled, err := regexp.Compile(out.Pattern)
	if err != nil {
		d.report(at, fmt.Sprintf("%+q is not a regular expression", shorten(out.Pattern, 80)), "escape its special characters with \\")
		return out, false
	}
	out.Regexp = compiled
	return out, true
}
