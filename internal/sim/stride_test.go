//go:build !race

package sim

// stride is how many points of a sweep lie between two crashes: every point is tried.
const stride = 1
