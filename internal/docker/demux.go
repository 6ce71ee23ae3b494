package docker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Stream numbers in the header of a frame.
const (
	streamStdin = iota
	streamStdout
	streamStderr
	streamError
)

// errBrokenFrame says that a multiplexed stream is not one.
var errBrokenFrame = errors.New("the engine's stream has a broken frame")

// demux splits the engine's multiplexed output. Frames are copied piece by
// piece and never held whole, so that a header that claims 4 GiB costs no
// memory. A stream that ends within a frame is an error.
func demux(stdout, stderr io.Writer, src io.Reader) error {
	var header [8]byte
	piece := make([]byte, 32<<10)
	for {
		if _, err := io.ReadFull(src, header[:]); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("%w: %w", errBrokenFrame, err)
		}
		frame := &io.LimitedReader{R: src, N: int64(binary.BigEndian.Uint32(header[4:]))}
		switch header[0] {
		case streamStdin, streamStdout:
			if err := copyFrame(stdout, frame, piece); err != nil {
				return err
			}
		case streamStderr:
			if err := copyFrame(stderr, frame, piece); err != nil {
				return err
			}
		case streamError:
			said, _ := io.ReadAll(io.LimitReader(frame, 4<<10))
			return fmt.Errorf("the engine reports in the stream: %s", said)
		default:
			return fmt.Errorf("%w: stream number %d", errBrokenFrame, header[0])
		}
	}
}

// copyFrame copies one frame and insists on its end.
func copyFrame(to io.Writer, frame *io.LimitedReader, piece []byte) error {
	// The wrapper keeps CopyBuffer from taking another way than piece.
	if _, err := io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{frame}, piece); err != nil {
		return err
	}
	if frame.N > 0 {
		return fmt.Errorf("%w: %w", errBrokenFrame, io.ErrUnexpectedEOF)
	}
	return nil
}
