package reaper

import (
	"bufio"
	"io"
	"strings"
	"sync/atomic"
	"time"
)

// owner is what a watcher hears of its owner.
type owner struct {
	// words has the one word with which the owner ends the conversation, "" when
	// it ends without one.
	words <-chan string
	// silence is how long there may be no sign of life, 0 for ever; heard is when
	// the last one came.
	silence time.Duration
	heard   atomic.Pointer[time.Time]
}

// listen reads from the owner. Empty lines are signs of life.
func listen(in io.Reader, silence time.Duration) *owner {
	words := make(chan string, 1)
	o := &owner{words: words, silence: silence}
	o.sign()
	go func() {
		lines := bufio.NewReader(in)
		for {
			line, err := lines.ReadString('\n')
			if word := strings.TrimSpace(line); word != "" || err != nil {
				words <- word
				return
			}
			o.sign()
		}
	}()
	return o
}

func (o *owner) sign() {
	now := time.Now()
	o.heard.Store(&now)
}

// silent says whether the owner has to be taken for dead.
func (o *owner) silent() bool { return o.silence > 0 && time.Since(*o.heard.Load()) > o.silence }
