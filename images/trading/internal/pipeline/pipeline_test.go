package pipeline

import (
	"context"
	"errors"
	"testing"
)

type record struct {
	begun  int64
	status Status
	steps  []Outcome
	err    error
}

var _ Recorder = (*record)(nil)

func (r *record) BeginRun(context.Context) (int64, error) { r.begun++; return r.begun, r.err }

func (r *record) EndRun(_ context.Context, _ int64, status Status, steps []Outcome) error {
	r.status, r.steps = status, steps
	return nil
}

func step(name string, err error, ran *[]string) Step {
	return Step{Name: name, Do: func(context.Context) (string, error) {
		*ran = append(*ran, name)
		return "done " + name, err
	}}
}

func TestAllStepsRunInOrderAndAreRecorded(t *testing.T) {
	var ran []string
	r := &record{}
	if err := Run(t.Context(), r, []Step{step("a", nil, &ran), step("b", nil, &ran)}); err != nil {
		t.Fatal(err)
	}
	if len(ran) != 2 || ran[0] != "a" || r.status != Succeeded || r.steps[1].Note != "done b" {
		t.Errorf("ran %v, recorded %+v", ran, r)
	}
}

func TestAFailedStepSkipsTheRestAndIsRecorded(t *testing.T) {
	var ran []string
	r := &record{}
	cause := errors.New("no prices")
	err := Run(t.Context(), r, []Step{step("a", nil, &ran), step("b", cause, &ran), step("c", nil, &ran)})
	if !errors.Is(err, cause) || len(ran) != 2 {
		t.Errorf("ran %v, %v", ran, err)
	}
	if r.status != Failed || r.steps[1].Note != "no prices" || r.steps[2].Status != Skipped {
		t.Errorf("recorded %+v", r)
	}
}

func TestNothingRunsThatCannotBeRecorded(t *testing.T) {
	var ran []string
	r := &record{err: errors.New("database is away")}
	if err := Run(t.Context(), r, []Step{step("a", nil, &ran)}); !errors.Is(err, r.err) || len(ran) != 0 {
		t.Errorf("ran %v, %v", ran, err)
	}
}
