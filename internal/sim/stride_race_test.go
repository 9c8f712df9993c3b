//go:build race

package sim

// stride leaves points out under the race detector, which makes the database twenty times
// slower. make test sweeps every point without it.
const stride = 29
