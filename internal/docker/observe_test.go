package docker

import (
	"testing"

	"github.com/stackctl/stackctl/orchestrator"
)

func TestAMemberThatVanishedWhileItWasLookedAtHoldsNoPort(t *testing.T) {
	holders := []orchestrator.PortHolder{{ContainerID: "here"}, {ContainerID: "gone"}, {ContainerID: "stranger"}}
	left := withoutVanished(holders, []string{"here", "gone"}, []orchestrator.Container{{ID: "here"}})
	if len(left) != 2 || left[0].ContainerID != "here" || left[1].ContainerID != "stranger" {
		t.Errorf("left are %+v", left)
	}
}
