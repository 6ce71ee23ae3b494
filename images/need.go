package images

// Action is what has to be done so that an image is there.
type Action int

// The actions. Tag gives an image that is there, or that this very run makes,
// another name.
const (
	None Action = iota
	Pull
	Build
	Tag
)

func (a Action) String() string {
	switch a {
	case Pull:
		return "pull"
	case Build:
		return "build"
	case Tag:
		return "tag"
	default:
		return "none"
	}
}

// Need is one image that services need, and what is to be done for it.
type Need struct {
	// Services are those it is for, sorted.
	Services []string
	// Ref is its name, as the file says it.
	Ref string
	// Action is what Ensure will do, Cause why, down to the input that
	// changed.
	Action Action
	Cause  string
	// From is, for Tag, the Ref of the need whose image gets this name.
	From string
	// After are the Refs of needs that must be done first.
	After []string
	// Image is what the engine has under Ref now; nil when nothing.
	Image *Image
	// InputDigest identifies all inputs of the build; "" when nothing is
	// ever built for it.
	InputDigest string
	// Warnings are what the reader should know although it can be done.
	Warnings []string

	platform string
	// build is how to build it, nil when it can only be pulled.
	build *recipe
	// orBuild allows a build when the registry does not have the image.
	orBuild bool
	// forced says that somebody asked for the build, whatever the inputs.
	forced bool
	// recheck says that a base image changes in this run, so that the
	// digest is only known when that one is there.
	recheck bool
}
