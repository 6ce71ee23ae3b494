package cli

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/stackctl/stackctl/compose"
)

// watchFileEvery is how often --watch-file looks at the files.
const watchFileEvery = time.Second

// watchedFiles are the files that the project depends on, with the state in
// which they were before they were read last.
type watchedFiles struct {
	names map[string]bool
	// before tells that state from another one, see fingerprint.
	before string
}

// reading loads the project as wanted does and notes the files that it depends
// on. When it cannot be loaded, the files of before count too: what mends it
// may be a change of any.
func (a *app) reading(ctx context.Context, o planFlags, w *watchedFiles) (*compose.Project, error) {
	replicas, err := o.replicas()
	if err != nil {
		return nil, err
	}
	options := a.loadOptions(nil)
	read := map[string]string{} // the state of each before it was read
	options.Reading = func(file string) {
		if _, known := read[file]; !known {
			read[file] = fileState(file)
		}
	}
	p, err := a.wantedWith(ctx, options, replicas)
	for name := range w.names {
		if _, known := read[name]; err != nil && !known {
			read[name] = fileState(name)
		}
	}
	w.names = map[string]bool{}
	for name := range read {
		w.names[name] = true
	}
	w.before = fingerprint(read)
	return p, err
}

// changed says whether a file is not as it was when it was read last.
func (w *watchedFiles) changed() bool {
	now := make(map[string]string, len(w.names))
	for name := range w.names {
		now[name] = fileState(name)
	}
	return fingerprint(now) != w.before
}

// fileState tells two states of a file apart: by its content, or by size and
// time of its last change where it is large or may not be read. A pipe is not
// read: its content is there once.
func fileState(name string) string {
	info, err := os.Stat(name)
	if err != nil {
		return "missing"
	}
	stat := fmt.Sprintf("%s %d %d", info.Mode().Type(), info.Size(), info.ModTime().UnixNano())
	switch {
	case !info.Mode().IsRegular():
		return info.Mode().Type().String()
	case info.Size() > compose.MaxFileSize:
		return stat
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return stat
	}
	return fmt.Sprintf("%x", sha256.Sum256(data))
}

// fingerprint tells two states of files apart.
func fingerprint(states map[string]string) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(states)) {
		fmt.Fprintf(h, "%q %s\n", name, states[name])
	}
	return string(h.Sum(nil))
}

// reread reads the files again at SIGHUP and, where that is asked for, when
// they have changed.
func (s *supervision) reread(ctx context.Context) error {
	ticker := time.NewTicker(watchFileEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.hup:
		case <-ticker.C:
			if !s.o.watchFile || !s.watched.changed() {
				continue
			}
		}
		s.readAgain(ctx)
	}
}

// readAgain applies what the files say now; one that is invalid changes
// nothing.
func (s *supervision) readAgain(ctx context.Context) {
	p, err := s.reading(ctx, s.o.planFlags(), s.watched)
	if err == nil && p.SamePlace(s.first) {
		p, err = s.claim(ctx, s.engine, p)
	}
	switch {
	case err != nil:
		s.boss.Trouble("file", "the file is invalid, the last good one stays in force: "+err.Error())
	case p.Name != s.first.Name || p.ID() != s.first.ID():
		s.boss.Trouble("file", "the file is now of another project ("+p.Name+"), the last good one stays in force")
	default:
		s.boss.Trouble("file", "")
		s.log.Info().Str("project", p.Name).Msg("files read")
		s.boss.Apply(p)
	}
}
