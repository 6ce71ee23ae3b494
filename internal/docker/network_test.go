package docker

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackctl/stackctl/internal/fault"
)

func TestANetworkIsTriedAgainWhileTheEngineCountsEndpointsOfNobody(t *testing.T) {
	used := refuse(http.StatusForbidden, "network shop_front id n1 has active endpoints")
	nobody := reply(map[string]any{"Id": "n1", "Containers": map[string]any{}})
	for name, c := range map[string]struct {
		remove, inspect http.HandlerFunc
		class           fault.Class
		says, hint      string
		least, most     time.Duration
	}{
		"a moment later": {remove: inTurn(used, used, reply(nil)), inspect: nobody, least: endpointsPause, most: time.Second},
		"never": {remove: used, inspect: nobody, class: fault.Resource, says: "no container is attached", hint: "restart",
			least: endpointsLast, most: endpointsLast + time.Second},
		"of somebody": {remove: used, inspect: reply(map[string]any{"Id": "n1", "Containers": map[string]any{"c1": map[string]string{"Name": "guest"}}}),
			class: fault.Resource, says: "used by guest", most: time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			e := mustScripted(t, script{"DELETE /networks/n1": c.remove, "GET /networks/n1": c.inspect})
			began := time.Now()
			err := e.RemoveNetwork(t.Context(), "n1")
			took := time.Since(began)
			if fault.ClassOf(err) != c.class || err != nil && !strings.Contains(err.Error(), c.says) || !strings.Contains(fault.HintOf(err), c.hint) {
				t.Errorf("%s: %v (%s)", name, err, fault.HintOf(err))
			}
			if took < c.least || took > c.most {
				t.Errorf("%s: it took %s", name, took)
			}
		})
	}
}
