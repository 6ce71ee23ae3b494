package images

import "strings"

// shareBuilds turns all but one of identical builds into further names of its
// image.
func shareBuilds(needs []Need) {
	first := map[string]*Need{}
	for i := range needs {
		need := &needs[i]
		if need.build == nil || need.unshareable() {
			continue
		}
		key := need.InputDigest + " " + strings.Join(sorted(need.After), " ")
		if made, ok := first[key]; !ok || made.Action == Build && need.Action == None {
			first[key] = need
		}
	}
	for i := range needs {
		need := &needs[i]
		if need.build == nil || need.unshareable() || need.Action != Build {
			continue
		}
		made := first[need.InputDigest+" "+strings.Join(sorted(need.After), " ")]
		if made == need || made.Action == None && need.forced {
			continue
		}
		need.Action, need.From, need.After = Tag, made.Ref, []string{made.Ref}
		need.Cause, need.recheck = "same build as "+made.Ref, false
	}
}

// unshareable says whether the need must be met by itself: a pull may bring
// anything, and so may an address.
func (n *Need) unshareable() bool {
	return n.Action == Pull || n.Action == Tag || n.build.unpinned() != ""
}
