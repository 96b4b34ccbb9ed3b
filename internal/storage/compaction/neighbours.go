package compaction

// maxTarget is the largest file that joining makes where the table sets no largest size.
const maxTarget = 2 << 30

// joinNeighbours takes the neighbours of a run that together stay below the target size and gain most:
//
//	(files − 1) / candidates      many files become one
//	1.5 × (1 − largest / total)   none of which is most of the result already
//	min(total / target, 1)        and the result is near to what need not be joined again
//
// Of equals the oldest win.
func joinNeighbours(run []unit, o *Options) []unit {
	target := o.MaxOutputBytes
	if target <= 0 {
		total, _ := sizeOf(run)
		target = min(total/int64(len(run))*3/2, maxTarget)
	}
	candidates := 0
	for _, u := range run {
		if u.size < target {
			candidates++
		}
	}
	candidates = min(candidates, maxProbed)
	var best []unit
	bestScore := -1.0
	probed := 0
	for i := 0; i < len(run) && probed < candidates; i++ {
		if run[i].size >= target {
			continue
		}
		probed++
		var total, largest int64
		files := 0
		for j := i; j < len(run); j++ {
			total += run[j].size
			largest = max(largest, run[j].size)
			files += len(run[j].files)
			n := j - i + 1
			if total > target || n > 1 && files > o.MaxInputs {
				break
			}
			if n < 2 {
				continue
			}
			score := float64(n-1)/float64(candidates) + 1.5*(1-float64(largest)/float64(max(total, 1))) + min(float64(total)/float64(target), 1)
			if score > bestScore {
				best, bestScore = run[i:j+1], score
			}
		}
	}
	return best
}
