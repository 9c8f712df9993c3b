//go:build !race

package sim

// stride is how many points of a sweep lie between two crashes: those that the sweep itself leaves out aside, every point is tried.
const stride = 1
