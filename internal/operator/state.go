package operator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/stackctl/stackctl/orchestrator"
)

// stateVersion is the version of the state file. A file of another one is
// ignored: what it holds is history.
const stateVersion = 1

const (
	// maxState bounds what is read of a state file, in bytes.
	maxState = 1 << 20
	// saveSeldom is how often what changes all the time is written.
	saveSeldom = time.Minute
)

// stateFile is the form of the file.
type stateFile struct {
	SchemaVersion int                 `json:"schema_version"`
	Project       string              `json:"project"`
	Directory     string              `json:"directory"`
	Identity      string              `json:"identity,omitempty"`
	Memory        orchestrator.Memory `json:"memory"`
}

// State keeps a supervisor's memory in a file that may be lost at any time.
type State struct {
	path  string
	place Place
	warn  func(error)

	mu      sync.Mutex
	written []byte
	at      time.Time
	broken  bool
}

// Place says whose memory it is: the project's, which keeps its identity when its
// directory is moved.
type Place struct{ Project, Dir, Identity string }

// OpenState uses the file for a project; warn is told once when it cannot be
// written.
func OpenState(path string, place Place, warn func(error)) *State {
	return &State{path: path, place: place, warn: warn}
}

// of says whether the file is a project's. Older ones have no identity.
func (f stateFile) of(p Place) bool {
	same := f.Identity == p.Identity || f.Identity == "" && f.Directory == p.Dir
	return f.SchemaVersion == stateVersion && f.Project == p.Project && same
}

// Load reads the memory. The error says why there is none; a file that does
// not exist is no error.
func (s *State) Load() (orchestrator.Memory, error) {
	f, err := os.Open(s.path)
	if errors.Is(err, os.ErrNotExist) {
		return orchestrator.Memory{}, nil
	}
	if err != nil {
		return orchestrator.Memory{}, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxState))
	if err != nil {
		return orchestrator.Memory{}, err
	}
	var file stateFile
	if err := json.Unmarshal(data, &file); err != nil {
		return orchestrator.Memory{}, fmt.Errorf("%s is no state file: %w", s.path, err)
	}
	if !file.of(s.place) {
		return orchestrator.Memory{}, fmt.Errorf("%s is of version %d, project %s in %s", s.path, file.SchemaVersion, file.Project, file.Directory)
	}
	return file.Memory, nil
}

// Save writes the memory when what counts has changed: at once for what an
// operator must not forget, seldom for the rest.
func (s *State) Save(m orchestrator.Memory) {
	s.mu.Lock()
	defer s.mu.Unlock()
	lasting, err := json.Marshal(enduring(m))
	if err != nil || bytes.Equal(lasting, s.written) && time.Since(s.at) < saveSeldom {
		return
	}
	if err := s.write(m); err != nil {
		if !s.broken {
			s.warn(fmt.Errorf("what is remembered will be lost with this process: %w", err))
		}
		s.broken = true
	} else {
		s.broken = false
	}
	s.written, s.at = lasting, time.Now()
}

// enduring is the memory without what changes with every event.
func enduring(m orchestrator.Memory) orchestrator.Memory {
	if !m.Seen.IsZero() {
		m.Seen = time.Unix(0, 0) // that there is one counts: it is asked for again from there
	}
	services := make(map[string]orchestrator.ServiceMemory, len(m.Services))
	for name, one := range m.Services {
		one.WellSince = time.Time{}
		services[name] = one
	}
	m.Services = services
	return m
}

// write replaces the file in one step.
func (s *State) write(m orchestrator.Memory) error {
	data, err := json.MarshalIndent(stateFile{stateVersion, s.place.Project, s.place.Dir, s.place.Identity, m}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return err
	}
	next := s.path + ".new"
	if err := os.WriteFile(next, append(data, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(next, s.path)
}
