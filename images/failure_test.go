package images

import (
	"errors"
	"strings"
	"testing"
)

func TestALineOfAHereDocumentThatTheBuilderDoesNotKnowHasARemedy(t *testing.T) {
	err := errors.New("failed to create LLB definition: dockerfile parse error line 9: unknown instruction: ECHO")
	if hint := hintFor(err); !strings.Contains(hint, "# syntax=docker/dockerfile:1") {
		t.Errorf("hint %q", hint)
	}
	if hint := hintFor(&stepError{step: "RUN make", err: err}); hint != "" {
		t.Errorf("what a step itself wrote is taken for the builder's word: %q", hint)
	}
}
