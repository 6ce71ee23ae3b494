package reaper

import (
	"io"
	"time"
)

// signEvery is the pause between two signs of life. What stands between an
// owner and a distant engine drops connections that are silent, some after a
// minute; the watcher would take that for the owner's death.
const signEvery = 20 * time.Second

// link is an owner's side of the conversation with its watcher.
type link struct {
	to io.WriteCloser
	// words takes the last word; gone is closed when it was said.
	words chan string
	gone  chan struct{}
}

// keepAlive gives signs of life until end.
func keepAlive(to io.WriteCloser) *link {
	l := &link{to: to, words: make(chan string), gone: make(chan struct{})}
	go l.run()
	return l
}

func (l *link) run() {
	defer close(l.gone)
	ticker := time.NewTicker(signEvery)
	defer ticker.Stop()
	for {
		select {
		case word := <-l.words:
			say(l.to, word)
			return
		case <-ticker.C:
			_, _ = io.WriteString(l.to, "\n") // a watcher that cannot be told will notice
		}
	}
}

// end says the last word, "" for none.
func (l *link) end(word string) {
	l.words <- word
	<-l.gone
}
