package cloudwatch

import (
	"cmp"
	"math"
	"slices"
)

// A distribution is how often which value came, by value. Where there would be more than
// maxValues different ones, those that are near to each other become one.
type distribution []weighted

type weighted struct{ value, weight float64 }

// with adds another distribution. The result shares nothing with it.
func (d distribution) with(o distribution) distribution {
	for _, w := range o {
		i, found := slices.BinarySearchFunc(d, w.value, func(have weighted, value float64) int { return cmp.Compare(have.value, value) })
		if found {
			d[i].weight += w.weight
		} else {
			d = slices.Insert(d, i, w)
		}
	}
	// From two percent on, ever coarser.
	for step := math.Log(1.02); len(d) > maxValues; step *= 2 {
		d = d.rounded(step)
	}
	return d
}

// rounded makes one of neighbours whose logarithms are nearer than step.
func (d distribution) rounded(step float64) distribution {
	var out distribution
	for _, w := range d {
		if w.value != 0 {
			w.value = math.Copysign(math.Exp(step*math.Round(math.Log(math.Abs(w.value))/step)), w.value)
		}
		if last := len(out) - 1; last >= 0 && out[last].value == w.value {
			out[last].weight += w.weight
		} else {
			out = append(out, w)
		}
	}
	return out
}

// percentile is the least value that rank percent are not above.
func (d distribution) percentile(rank float64) (float64, bool) {
	total := 0.0
	for _, w := range d {
		total += w.weight
	}
	seen := 0.0
	for _, w := range d {
		if seen += w.weight; seen >= rank/100*total {
			return w.value, true
		}
	}
	if len(d) == 0 {
		return 0, false
	}
	return d[len(d)-1].value, true // what was added up was rounded
}
