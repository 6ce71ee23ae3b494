package docker

import (
	"context"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/stackctl/stackctl/orchestrator"
)

// labelCopied names the last file that is copied into a new container, and
// its size: files come after the creation, and between the two a run can be
// killed. Whoever finds the container then must not start it.
const labelCopied = "io.stackctl.copied"

// copiedMark is the value of labelCopied.
func copiedMark(files []injected) string {
	last := files[len(files)-1]
	return strconv.Itoa(len(last.content)) + ":" + last.path
}

// noteUnfinished sets StartError of a container that was never started and
// lacks the last of its files, unless this process is still making it.
func (e *Engine) noteUnfinished(ctx context.Context, c *orchestrator.Container) error {
	size, path, marked := strings.Cut(c.Labels[labelCopied], ":")
	if _, making := e.making.Load(c.Name); making || !marked || c.State != orchestrator.StateCreated || c.StartError != "" {
		return nil
	}
	stat, err := ask(ctx, e, "look at "+path+" in container "+short(c.ID), func(ctx context.Context) (container.PathStat, error) {
		return e.cli.ContainerStatPath(ctx, c.ID, path)
	})
	if err != nil && !isGone(err) {
		return err
	}
	if err != nil || strconv.FormatInt(stat.Size, 10) != size {
		c.StartError = "its creation was interrupted: " + path + " was not copied into it"
	}
	return nil
}
