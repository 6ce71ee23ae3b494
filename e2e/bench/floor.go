package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"
)

// callsAtOnce bounds the floor's calls that run at the same time, as two cores
// do no more work for more.
const callsAtOnce = 8

// askEvery is how often the floor asks a container whether it is ready.
const askEvery = 5 * time.Millisecond

// each calls do for 0 to n-1, at most limit at once, and returns the first
// error.
func each(n, limit int, do func(i int) error) error {
	var group errgroup.Group
	group.SetLimit(limit)
	for i := range n {
		group.Go(func() error { return do(i) })
	}
	return group.Wait()
}

// floor brings a stack up with the fewest calls there can be, and returns when
// every container answers. Nothing is checked and nothing is proven.
func (e *engine) floor(ctx context.Context, project string, s stack) error {
	labels := map[string]string{"com.docker.compose.project": project}
	if err := e.call(ctx, http.MethodPost, "/networks/create", map[string]any{"Name": project + "_default", "Labels": labels}, nil); err != nil {
		return err
	}
	if err := e.call(ctx, http.MethodPost, "/volumes/create", map[string]any{"Name": project + "_data", "Labels": labels}, nil); err != nil {
		return err
	}
	ids := make([]string, len(s.services))
	ready := map[string]chan struct{}{}
	for _, v := range s.services {
		ready[v.name] = make(chan struct{})
	}
	if err := each(len(s.services), callsAtOnce, func(i int) (err error) {
		ids[i], err = e.create(ctx, project, s, s.services[i])
		return err
	}); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	slots := make(chan struct{}, callsAtOnce)
	for i, v := range s.services {
		group.Go(func() error {
			for _, need := range v.needs {
				select {
				case <-ready[need]:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			slots <- struct{}{}
			err := e.call(ctx, http.MethodPost, "/containers/"+ids[i]+"/start", nil, nil)
			<-slots
			if err != nil {
				return err
			}
			if err := e.answers(ctx, ids[i], v); err != nil {
				return fmt.Errorf("%s: %w", v.name, err)
			}
			close(ready[v.name])
			return nil
		})
	}
	return group.Wait()
}

// checks runs the check of every container once, as no proof by checks can do
// without: a process in each, begun by the engine.
func (e *engine) checks(ctx context.Context, project string, s stack) error {
	return each(len(s.services), callsAtOnce, func(i int) error {
		v := s.services[i]
		var made struct{ ID string }
		body := map[string]any{"Cmd": s.check(v)[1:], "AttachStdout": true, "AttachStderr": true}
		if err := e.call(ctx, http.MethodPost, "/containers/"+nameIn(project, v)+"/exec", body, &made); err != nil {
			return err
		}
		return e.call(ctx, http.MethodPost, "/exec/"+made.ID+"/start", map[string]any{"Detach": false}, nil)
	})
}

// look lists the containers and inspects each: a status asks no less.
func (e *engine) look(ctx context.Context, project string, s stack) error {
	if err := e.call(ctx, http.MethodGet, "/containers/json?all=1", nil, nil); err != nil {
		return err
	}
	return each(len(s.services), callsAtOnce, func(i int) error {
		return e.call(ctx, http.MethodGet, "/containers/"+nameIn(project, s.services[i])+"/json", nil, nil)
	})
}

// floorDown stops each container once those that need it have stopped, and
// removes everything.
func (e *engine) floorDown(ctx context.Context, project string, s stack) error {
	stopped := map[string]chan struct{}{}
	for _, v := range s.services {
		stopped[v.name] = make(chan struct{})
	}
	group, inner := errgroup.WithContext(ctx)
	for _, v := range s.services {
		group.Go(func() error {
			for _, other := range s.services {
				if !slices.Contains(other.needs, v.name) {
					continue
				}
				select {
				case <-stopped[other.name]:
				case <-inner.Done():
					return inner.Err()
				}
			}
			path := "/containers/" + nameIn(project, v)
			if err := e.call(inner, http.MethodPost, path+"/stop?t=1", nil, nil); err != nil {
				return err
			}
			close(stopped[v.name])
			return e.call(inner, http.MethodDelete, path+"?v=1", nil, nil)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := e.call(ctx, http.MethodDelete, "/networks/"+project+"_default", nil, nil); err != nil {
		return err
	}
	return e.call(ctx, http.MethodDelete, "/volumes/"+project+"_data", nil, nil)
}

// nameIn is the name of a service's container.
func nameIn(project string, v service) string { return project + "-" + v.name + "-1" }

// create makes one container. It has the check of the file, which the engine
// goes on to run.
func (e *engine) create(ctx context.Context, project string, s stack, v service) (string, error) {
	host := map[string]any{"NetworkMode": project + "_default"}
	if v.postgres {
		host["Binds"] = []string{project + "_data:/var/lib/postgresql/data"}
	}
	if v.port != 0 {
		host["PortBindings"] = map[string]any{"8080/tcp": []any{map[string]string{"HostIp": "127.0.0.1", "HostPort": strconv.Itoa(v.port)}}}
	}
	var env []string
	for key, value := range s.environment(v) {
		env = append(env, key+"="+value)
	}
	body := map[string]any{
		"Image": s.imageOf(v), "Env": env, "Cmd": s.command(v), "HostConfig": host,
		"Labels":       map[string]string{"com.docker.compose.project": project},
		"ExposedPorts": map[string]any{"8080/tcp": struct{}{}},
		"Healthcheck":  map[string]any{"Test": s.check(v), "Interval": s.probing.interval, "Timeout": 5 * time.Second, "Retries": 5},
		"NetworkingConfig": map[string]any{"EndpointsConfig": map[string]any{
			project + "_default": map[string]any{"Aliases": []string{v.name}},
		}},
	}
	var made struct{ ID string }
	err := e.call(ctx, http.MethodPost, "/containers/create?name="+nameIn(project, v), body, &made)
	return made.ID, err
}

// answers waits until a container answers at its own address.
func (e *engine) answers(ctx context.Context, id string, v service) error {
	var c struct {
		NetworkSettings struct {
			Networks map[string]struct{ IPAddress string }
		}
	}
	if err := e.call(ctx, http.MethodGet, "/containers/"+id+"/json", nil, &c); err != nil {
		return err
	}
	address := ""
	for _, n := range c.NetworkSettings.Networks {
		address = n.IPAddress
	}
	ask := answersHTTP
	if v.postgres {
		ask = answersPostgres
	}
	ticker := time.NewTicker(askEvery)
	defer ticker.Stop()
	for !ask(ctx, address) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
	return nil
}

// answersHTTP says whether the test program is well.
func answersHTTP(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(address, "8080")+"/", nil)
	if err != nil {
		return false
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// answersPostgres does what pg_isready does: a server that asks for a password
// takes connections.
func answersPostgres(ctx context.Context, address string) bool {
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(address, "5432"))
	if err != nil {
		return false
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return false
	}
	hello := []byte("\x00\x03\x00\x00user\x00postgres\x00\x00")
	message := binary.BigEndian.AppendUint32(nil, uint32(len(hello)+4))
	if _, err := conn.Write(append(message, hello...)); err != nil {
		return false
	}
	kind := make([]byte, 1)
	_, err = io.ReadFull(conn, kind)
	return err == nil && kind[0] == 'R'
}
