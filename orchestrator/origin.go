package orchestrator

import (
	"cmp"
	"fmt"
	"os"
	"slices"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
)

// Origin is where an object of a project comes from, as its labels say.
type Origin struct {
	Kind TraceKind
	Name string
	// Owner is the identity that the object was made under, "" for another
	// tool's.
	Owner string
	// Dir is the directory it was made in, NamedDir that directory as it was
	// named, Host the machine that it is on; the last two may be "".
	Dir, NamedDir, Host string
}

// AddOrigin adds where an object comes from. Those of copies come from no
// directory.
func AddOrigin(all []Origin, kind TraceKind, name string, labels map[string]string) []Origin {
	if labels[LabelRun] != "" {
		return all
	}
	return append(all, Origin{
		Kind: kind, Name: name, Owner: labels[LabelOwner], Dir: labels[LabelWorkingDir],
		NamedDir: labels[LabelNamedDir], Host: labels[LabelHost],
	})
}

// Here is what a run knows about the place that it runs in.
type Here struct {
	// Local says that the engine is this machine's, so that the directories in
	// labels without a host may be this machine's too.
	Local bool
	// Adopt says that the user asked for a stack of another directory to be
	// taken over.
	Adopt bool
	// Stat looks at a directory.
	Stat func(string) (os.FileInfo, error)
	// Moved is the directory that this host remembers to have taken an identity
	// over, "" for none: labels tell only where objects were made. It may be nil.
	Moved func(owner string) string
}

// moved is Moved, or "" where that directory is gone as well.
func (h Here) moved(owner string) string {
	if h.Moved == nil {
		return ""
	}
	dir := h.Moved(owner)
	if dir == "" {
		return ""
	}
	if _, err := h.Stat(dir); err != nil {
		return ""
	}
	return dir
}

// NewHere is the place of this process, seen from an engine.
func NewHere(info EngineInfo, adopt bool) Here {
	return Here{Local: info.Local && besideEngine(), Adopt: adopt, Stat: os.Stat}
}

// Claim is what of the objects under a project's name is the project's.
type Claim struct {
	// Project is the project under the identity of what it owns.
	Project *compose.Project
	// Taken says what was taken over from another place, and why; "" for
	// nothing.
	Taken string
	// Owners are the identities that were taken over from another directory, to be
	// remembered.
	Owners []string
}

// claimReason says why objects of an identity are the project's.
type claimReason int

const (
	foreign claimReason = iota
	// sameDirectory: they were made here, whatever the path is called.
	sameDirectory
	// sameLink: they were made in the directory that the same path named then.
	sameLink
	// movedHere: the directory they were made in is gone.
	movedHere
	// askedFor: the user said so.
	askedFor
)

// group are the origins of one identity.
type group struct {
	owner      string
	origins    []Origin
	containers int
	reason     claimReason
}

// Decide finds out which of the objects under the name of p are its own. Their
// directory may have been moved, or reached through a link that leads elsewhere
// now; labels cannot be changed, so that the project takes over the identity that
// they carry. The error, of class Conflict, says that the project's containers
// are of another directory.
func Decide(p *compose.Project, origins []Origin, here Here) (Claim, error) {
	groups := groupOrigins(p, origins, here)
	var ours, others []group
	for _, g := range groups {
		if g.reason == foreign {
			others = append(others, g)
		} else {
			ours = append(ours, g)
		}
	}
	byTool := slices.ContainsFunc(origins, func(o Origin) bool { return o.Owner == "" && o.Kind == TraceContainer })
	if !byTool && (len(ours) == 0 || ours[0].containers == 0) {
		if i := slices.IndexFunc(others, func(g group) bool { return g.containers > 0 || g.owner == p.ID() }); i >= 0 {
			o := others[i].origins[0]
			if dir := here.moved(o.Owner); dir != "" {
				o.Dir = dir
			}
			return Claim{}, ofAnotherPlace(p, o)
		}
	}
	claim := Claim{Project: p, Taken: takenOver(p, ours)}
	for _, g := range ours {
		if g.reason != sameDirectory {
			claim.Owners = append(claim.Owners, g.owner)
		}
	}
	if len(ours) == 0 || len(ours) == 1 && ours[0].owner == p.ID() {
		return claim, nil
	}
	var also []string
	for _, g := range ours[1:] {
		also = append(also, g.owner)
	}
	claim.Project = p.Adopt(ours[0].owner, also...)
	return claim, nil
}

// groupOrigins sorts the origins by identity: those with most containers first,
// then the project's own.
func groupOrigins(p *compose.Project, origins []Origin, here Here) []group {
	byOwner := map[string]*group{}
	for _, o := range origins {
		if o.Owner == "" {
			continue
		}
		g := byOwner[o.Owner]
		if g == nil {
			g = &group{owner: o.Owner}
			byOwner[o.Owner] = g
		}
		g.origins = append(g.origins, o)
		if o.Kind == TraceContainer {
			g.containers++
		}
	}
	var all []group
	for _, owner := range sortedKeys(byOwner) {
		g := byOwner[owner]
		slices.SortStableFunc(g.origins, func(a, b Origin) int { return kindRank(a.Kind) - kindRank(b.Kind) })
		g.reason = g.decide(p, here)
		all = append(all, *g)
	}
	own := func(g group) int {
		if g.owner == p.ID() {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(all, func(a, b group) int { return cmp.Or(b.containers-a.containers, own(b)-own(a)) })
	return all
}

// kindRank puts containers before what outlives them.
func kindRank(kind TraceKind) int {
	if kind == TraceContainer {
		return 0
	}
	return 1
}

// decide says why the objects are the project's. Where there are containers
// they decide: they are the newest word on where the project is.
func (g *group) decide(p *compose.Project, here Here) claimReason {
	asked := g.origins
	if g.containers > 0 {
		asked = g.origins[:g.containers]
	}
	weakest := sameDirectory
	for _, o := range asked {
		switch why := o.decide(p, here); why {
		case sameDirectory:
			return sameDirectory // one was made here: here is where it is now
		case foreign:
			weakest = foreign
		default:
			if weakest != foreign {
				weakest = why
			}
		}
	}
	if weakest == foreign && here.Adopt {
		return askedFor
	}
	return weakest
}

func (o Origin) decide(p *compose.Project, here Here) claimReason {
	switch {
	case o.Dir == p.Dir || o.Dir == "" && o.Owner == p.ID():
		return sameDirectory
	case o.NamedDir != "" && o.NamedDir == p.NamedDir:
		return sameLink
	}
	moved := here.moved(o.Owner)
	if moved == p.Dir {
		return sameDirectory // was taken over before, and said
	}
	if o.Dir == "" || o.Host == "" && !here.Local || o.Host != "" && o.Host != p.Host {
		return foreign // what is not there here may be there elsewhere
	}
	there, err := here.Stat(o.Dir)
	if os.IsNotExist(err) {
		if o.Host == "" {
			return foreign // of a release that did not say which machine it was on
		}
		if moved != "" {
			return foreign // lives on in a third one
		}
		return movedHere
	}
	mine, failed := here.Stat(p.Dir)
	if err == nil && failed == nil && os.SameFile(there, mine) {
		return sameDirectory
	}
	return foreign
}

// takenOver says what a project takes over, "" for nothing.
func takenOver(p *compose.Project, ours []group) string {
	for _, g := range ours {
		o := g.origins[0]
		switch g.reason {
		case movedHere:
			return fmt.Sprintf("project %s is taken over: it was made in %s, which no longer exists", p.Name, o.Dir)
		case sameLink:
			return fmt.Sprintf("project %s is taken over: %s was %s when it was made, and is %s now", p.Name, o.NamedDir, o.Dir, p.Dir)
		case askedFor:
			return fmt.Sprintf("project %s is taken over from %s, as --adopt says", p.Name, o.Dir)
		}
	}
	return ""
}

// ofAnotherPlace refuses a project whose containers are of another directory.
func ofAnotherPlace(p *compose.Project, o Origin) error {
	return elsewhereError(p, o.Dir, string(o.Kind)+" "+o.Name)
}

// elsewhereError refuses what another directory made under the project's name.
func elsewhereError(p *compose.Project, dir, what string) error {
	return fault.New(fault.Conflict,
		"project %s: %s belongs to another directory, %s; to have a stack beside it use another name (-p %s-2), to take it over, volumes included, say --adopt",
		p.Name, what, dir, p.Name).WithHint("stackctl --adopt up")
}
