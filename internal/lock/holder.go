package lock

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"
)

// Holder says who holds a lock. It is written for the reader of a message
// only: whether the lock is held is the kernel's word.
type Holder struct {
	PID     int       `json:"pid"`
	Command string    `json:"command"`
	Since   time.Time `json:"since"`
	// Unfinished says that it ended and left calls without an answer.
	Unfinished bool `json:"unfinished,omitempty"`
}

// String names the holder: "pid 4711 (stackctl up) since 10:31:05".
func (h Holder) String() string {
	if h.PID == 0 {
		return "another run"
	}
	return fmt.Sprintf("pid %d (%s) since %s", h.PID, h.Command, h.Since.Local().Format(time.TimeOnly))
}

// maxHolder bounds what is read of a lock file, in bytes.
const maxHolder = 4 << 10

// readHolder returns the zero Holder when the file does not say: its holder
// may be just about to write.
func readHolder(f *os.File) Holder {
	data, err := io.ReadAll(io.NewSectionReader(f, 0, maxHolder))
	var h Holder
	if err != nil || json.Unmarshal(data, &h) != nil {
		return Holder{}
	}
	return h
}

// writeHolder records who holds the lock.
func writeHolder(f *os.File, h Holder) error {
	data, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = f.WriteAt(data, 0)
	return err
}
