package orchestrator

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/containerd/errdefs"
	"github.com/stackctl/stackctl/internal/fault"
)

func TestAnEngineThatForbidsIsNotAskedAgainOneThatIsAwayIs(t *testing.T) {
	for said, want := range map[error]bool{
		errors.New("connection refused"):                                              true,
		fmt.Errorf("authorization denied by plugin: %w", errdefs.ErrPermissionDenied): false,
		fmt.Errorf("no credentials: %w", errdefs.ErrUnauthenticated):                  false,
	} {
		synctest.Test(t, func(t *testing.T) {
			calls := 0
			err := patiently(t.Context(), func() {}, func() error {
				if calls++; calls == 3 {
					return nil
				}
				return fault.New(fault.Engine, "create: %w", said)
			})
			if again := calls > 1; again != want || (err == nil) != want {
				t.Errorf("%v: %d calls, then %v", said, calls, err)
			}
		})
	}
}
