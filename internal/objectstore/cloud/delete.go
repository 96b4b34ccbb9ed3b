package cloud

import (
	"context"
	"sync"
)

// deleteAtOnce is how many single deletes run side by side: enough to hide the way to the store, few enough not to be throttled.
const deleteAtOnce = 16

// deleteEach deletes keys one by one, for stores that delete no batches.
func deleteEach(ctx context.Context, keys []string, del func(ctx context.Context, key string) error) []failure {
	errors := make([]error, len(keys))
	var wg sync.WaitGroup
	for g := range min(deleteAtOnce, len(keys)) {
		wg.Go(func() {
			for i := g; i < len(keys); i += deleteAtOnce {
				if errors[i] = ctx.Err(); errors[i] == nil {
					errors[i] = del(ctx, keys[i])
				}
			}
		})
	}
	wg.Wait()
	var failed []failure
	for i, err := range errors {
		if err != nil {
			failed = append(failed, failure{keys[i], err})
		}
	}
	return failed
}
