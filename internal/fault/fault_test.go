package fault

import (
	"errors"
	"fmt"
	"testing"
)

func TestTheClassAndHintSurviveWrapping(t *testing.T) {
	inner := New(Resource, "port %d is taken", 3000).WithHint("free it")
	err := fmt.Errorf("start web: %w", inner)
	if got := ClassOf(err); got != Resource {
		t.Errorf("class %v, want %v", got, Resource)
	}
	if got := HintOf(err); got != "free it" {
		t.Errorf("hint %q", got)
	}
	if got := err.Error(); got != "start web: port 3000 is taken" {
		t.Errorf("message %q", got)
	}
}

func TestAnErrorWithoutClassIsAFailureAndNoErrorIsNone(t *testing.T) {
	if ClassOf(errors.New("x")) != Failure || ClassOf(nil) != None {
		t.Fatal("class of a plain or of no error is wrong")
	}
}
