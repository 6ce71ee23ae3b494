package docker

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/containerd/errdefs"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// aContainer is the least that an inspect answers.
func aContainer(state string, labels map[string]string) http.HandlerFunc {
	return reply(map[string]any{
		"Id": "c1", "Name": "/app-web-1", "State": map[string]any{"Status": state}, "Config": map[string]any{"Labels": labels},
	})
}

func TestALookIsTakenAgainWhenTheEngineStumbles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := mustScripted(t, script{"GET /containers/c1/json": inTurn(refuse(500, "oops"), hangUp, aContainer("running", nil))})
		c, err := e.Inspect(t.Context(), "c1")
		if err != nil || c.State != orchestrator.StateRunning {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

func TestAnEngineThatKeepsStumblingIsReportedWithItsWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := mustScripted(t, script{"GET /containers/c1/json": refuse(500, "the store is broken")})
		_, err := e.Inspect(t.Context(), "c1")
		if fault.ClassOf(err) != fault.Engine || err.Error() != "inspect container c1: the store is broken" {
			t.Errorf("%v, class %v", err, fault.ClassOf(err))
		}
	})
}

func TestWhatIsNotThereIsNotFoundAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := mustScripted(t, script{})
		began := time.Now()
		if _, err := e.Inspect(t.Context(), "c1"); !errdefs.IsNotFound(err) {
			t.Errorf("%v", err)
		}
		if time.Since(began) != 0 {
			t.Error("it was asked again")
		}
	})
}

func TestAnEngineThatComesBackInTimeIsWaitedFor(t *testing.T) {
	for name, one := range map[string]struct {
		away  time.Duration
		class fault.Class
	}{
		"back after 20 s": {20 * time.Second, fault.None},
		"gone for good":   {time.Hour, fault.Engine},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var away atomic.Bool
				e := mustScripted(t, script{"GET /containers/c1/json": aContainer("running", nil)}, func(o *Options) {
					dial := o.Dial
					o.RetryFor = time.Minute
					o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
						if away.Load() {
							return nil, syscall.ECONNREFUSED
						}
						return dial(ctx, network, addr)
					}
				})
				away.Store(true)
				must(t, e.Close()) // idle connections end with the engine
				back := time.AfterFunc(one.away, func() { away.Store(false) })
				defer back.Stop()
				_, err := e.Inspect(t.Context(), "c1")
				if fault.ClassOf(err) != one.class {
					t.Errorf("%v, class %v", err, fault.ClassOf(err))
				}
			})
		})
	}
}

func TestAContextThatEndsHasNoClass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := mustScripted(t, script{"GET /containers/c1/json": hang})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := e.Inspect(ctx, "c1")
		if !errorsIs(err, context.DeadlineExceeded) || fault.ClassOf(err) != fault.Failure {
			t.Errorf("%v, class %v", err, fault.ClassOf(err))
		}
	})
}

func TestAnAnswerThatIsNoAnswerProvesNothing(t *testing.T) {
	for name, body := range map[string]http.HandlerFunc{
		"a web page":      text("<html>all healthy</html>"),
		"an empty object": reply(map[string]any{}),
		"another type":    reply([]string{"healthy"}),
		"a bare string":   text(`"running"`),
		"nothing":         text(""),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := mustScripted(t, script{"GET /containers/c1/json": body})
				c, err := e.Inspect(t.Context(), "c1")
				if fault.ClassOf(err) != fault.Engine {
					t.Errorf("%+v, %v", c, err)
				}
			})
		})
	}
}

// webSpec is a container to create in scripts.
func webSpec() orchestrator.ContainerSpec {
	spec := literalSpec(nil)
	spec.Name, spec.Labels = "app-web-1", map[string]string{orchestrator.LabelHash: "h1"}
	return spec
}

func TestAContainerWhoseCreationWasNotHeardOfIsAdopted(t *testing.T) {
	conflict := refuse(409, `Conflict. The container name "/app-web-1" is already in use by container "c1".`)
	ours := map[string]string{orchestrator.LabelHash: "h1", "image": "x"}
	notYet := refuse(404, "No such container: app-web-1")
	for name, one := range map[string]struct {
		create http.HandlerFunc
		holder http.HandlerFunc
		seen   map[string]bool
		id     string
		class  fault.Class
	}{
		"ours":                         {inTurn(hangUp, conflict), aContainer("created", ours), nil, "c1", fault.None},
		"ours, still being made":       {inTurn(hangUp, conflict, conflict), inTurn(notYet, aContainer("created", ours)), nil, "c1", fault.None},
		"another configuration":        {inTurn(hangUp, conflict), aContainer("created", map[string]string{orchestrator.LabelHash: "h0"}), nil, "", fault.Conflict},
		"one that has been started":    {inTurn(hangUp, conflict), aContainer("running", ours), nil, "", fault.Conflict},
		"one that was there before us": {conflict, aContainer("created", ours), nil, "", fault.Conflict},
		"one that the plan has seen":   {conflict, aContainer("created", ours), map[string]bool{"c1": true}, "", fault.Conflict},
		"a killed run's":               {conflict, aContainer("created", ours), map[string]bool{}, "c1", fault.None},
		"a killed run's, still being made": {
			conflict, inTurn(notYet, notYet, aContainer("created", ours)), map[string]bool{"c0": true}, "c1", fault.None,
		},
		"a killed run's, which failed": {inTurn(conflict, reply(map[string]any{"Id": "c2"})), notYet, map[string]bool{}, "c2", fault.None},
		"a killed run's, started by another": {
			conflict, aContainer("running", ours), map[string]bool{}, "", fault.Conflict,
		},
		"one that never comes": {conflict, notYet, map[string]bool{}, "", fault.Conflict},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := mustScripted(t, script{
					"POST /containers/create":        one.create,
					"GET /containers/app-web-1/json": one.holder,
				})
				spec := webSpec()
				spec.Seen = one.seen
				began := time.Now()
				id, err := e.CreateContainer(t.Context(), spec)
				if id != one.id || fault.ClassOf(err) != one.class {
					t.Errorf("%q, %v", id, err)
				}
				if took := time.Since(began); took > reservedFor+time.Second {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

func TestAStartThatTheEngineDoesNotManageIsTriedThreeTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries atomic.Int32
		e := mustScripted(t, script{"POST /containers/c1/start": func(w http.ResponseWriter, r *http.Request) {
			tries.Add(1)
			refuse(500, "cgroup: device or resource busy")(w, r)
		}})
		err := e.StartContainer(t.Context(), "c1")
		if fault.ClassOf(err) != fault.Resource || tries.Load() != 3 || !strings.Contains(err.Error(), "device or resource busy") {
			t.Errorf("%v, class %v, %d tries", err, fault.ClassOf(err), tries.Load())
		}
	})
}

func TestAStartThatTheEngineRefusesIsNotTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries atomic.Int32
		e := mustScripted(t, script{"POST /containers/c1/start": func(w http.ResponseWriter, r *http.Request) {
			tries.Add(1)
			refuse(500, "OCI runtime error: the device is not there")(w, r)
		}})
		if err := e.StartContainer(t.Context(), "c1"); err == nil || tries.Load() != 1 || !strings.Contains(err.Error(), "the device is not there") {
			t.Errorf("%v, %d tries", err, tries.Load())
		}
	})
}

func TestTheFirstAnswerOfACallThatIsTriedAgainIsKeptBesideTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries atomic.Int32
		e := mustScripted(t, script{"POST /containers/c1/rename": func(w http.ResponseWriter, r *http.Request) {
			if tries.Add(1) == 1 {
				refuse(500, "the disk stumbled")(w, r)
				return
			}
			refuse(500, "the name is half taken")(w, r)
		}})
		err := e.RenameContainer(t.Context(), "c1", "web")
		for _, words := range []string{"the disk stumbled", "tried again", "the name is half taken"} {
			if err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("%q is missing: %v", words, err)
			}
		}
	})
}
