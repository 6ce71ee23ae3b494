package cli

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// duration is a flag's value: "90s", "1m30s" or "90", which means seconds.
type duration struct {
	value *time.Duration
	// set is where to note that it was given; nil for nowhere.
	set **time.Duration
}

// durationVar is a flag that always has a value.
func durationVar(value *time.Duration) *duration { return &duration{value: value} }

// optionalDuration is a flag that may be left out: *set is nil then.
func optionalDuration(set **time.Duration) *duration {
	return &duration{value: new(time.Duration), set: set}
}

// Set is called with what the user wrote.
func (d *duration) Set(text string) error {
	parsed, err := parseDuration(text)
	if err != nil {
		return err
	}
	*d.value = parsed
	if d.set != nil {
		*d.set = d.value
	}
	return nil
}

// String is the value as text; "" where there is none.
func (d *duration) String() string {
	if d.value == nil || d.set != nil && *d.set == nil || *d.value == 0 && d.set == nil {
		return ""
	}
	return d.value.String()
}

// Type is the word for the value in the help.
func (*duration) Type() string { return "duration" }

func parseDuration(text string) (time.Duration, error) {
	parsed, err := time.ParseDuration(text)
	if number, failed := strconv.ParseFloat(text, 64); failed == nil && !math.IsNaN(number) {
		if math.Abs(number) > math.MaxInt32 {
			return 0, fmt.Errorf("%s seconds are too long", text)
		}
		parsed, err = time.Duration(number*float64(time.Second)), nil
	}
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration; write 90s, 2m or 90", text)
	}
	if parsed < 0 {
		return 0, fmt.Errorf("%q is negative", text)
	}
	return parsed, nil
}
