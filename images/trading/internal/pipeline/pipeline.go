// Package pipeline runs an ordered list of steps and keeps a record of every
// run and every step.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Status is how a step or a run stands.
type Status string

// A step that was not reached because an earlier one failed is skipped.
const (
	Running   Status = "running"
	Succeeded Status = "succeeded"
	Failed    Status = "failed"
	Skipped   Status = "skipped"
)

// Step is one piece of a run. Do says what it did, in a few words.
type Step struct {
	Name string
	Do   func(ctx context.Context) (string, error)
}

// Outcome is the record of one step.
type Outcome struct {
	Position int
	Name     string
	Status   Status
	Note     string
	Took     time.Duration
}

// Recorder keeps the records.
type Recorder interface {
	// BeginRun opens a run and returns its number. A run left open by a
	// coordinator that died is closed as failed.
	BeginRun(ctx context.Context) (int64, error)
	// EndRun stores the steps' outcomes and closes the run.
	EndRun(ctx context.Context, run int64, status Status, steps []Outcome) error
}

// Run carries the steps out in order and stops at the first that fails. What
// happened is recorded in either case.
func Run(ctx context.Context, recorder Recorder, steps []Step) error {
	run, err := recorder.BeginRun(ctx)
	if err != nil {
		return fmt.Errorf("begin run: %w", err)
	}
	status := Succeeded
	var failure error
	outcomes := make([]Outcome, 0, len(steps))
	for i, step := range steps {
		outcome := Outcome{Position: i + 1, Name: step.Name, Status: Skipped}
		if failure == nil {
			outcome, failure = carryOut(ctx, step, outcome)
		}
		outcomes = append(outcomes, outcome)
	}
	if failure != nil {
		status = Failed
	}
	if err := recorder.EndRun(ctx, run, status, outcomes); err != nil {
		return errors.Join(failure, fmt.Errorf("end run %d: %w", run, err))
	}
	return failure
}

func carryOut(ctx context.Context, step Step, outcome Outcome) (Outcome, error) {
	begin := time.Now()
	note, err := step.Do(ctx)
	outcome.Took = time.Since(begin)
	outcome.Status, outcome.Note = Succeeded, note
	if err != nil {
		outcome.Status, outcome.Note = Failed, err.Error()
		return outcome, fmt.Errorf("step %s: %w", step.Name, err)
	}
	return outcome, nil
}
