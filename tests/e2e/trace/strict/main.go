// SPDX-License-Identifier: Apache-2.0

// usage: strict FILE
// Reads an execution trace with golang.org/x/exp/trace, which refuses whatever
// does not fit. Prints "wait REASON WAKER COUNT MS" for waits below the function
// waits_here, the time until the thread ran included, and "events N",
// "generations N", "goroutines N", "tasks N", "preempted N" (runs that ended so),
// "off N" (runs that ended in a wait that nobody told of), "open N" (goroutines
// that wait when it ends), "covered MS" from its first event to its last, and
// "said COUNT KEY | TEXT" for what the recorder says of the trace itself.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/exp/trace"
)

type wait struct {
	reason, waker string
	begin         trace.Time
}

type total struct {
	count int
	time  time.Duration
}

type reading struct {
	names                      map[trace.GoID]string // outermost functions
	waits                      map[trace.GoID]*wait  // that are not over
	totals                     map[[2]string]*total
	waiting                    map[trace.GoID]bool
	first, last                trace.Time
	preempted, off             int
	said                       map[string]int
	events, generations, tasks int
}

func (r *reading) take(st trace.StateTransition, by trace.Event) {
	id := st.Resource.Goroutine()
	from, to := st.Goroutine()
	below := false
	r.waiting[id] = to == trace.GoWaiting
	if from == trace.GoRunning && st.Reason == "preempted" {
		r.preempted++
	}
	if from == trace.GoRunning && st.Reason == "off-CPU" {
		r.off++
	}
	for frame := range st.Stack.Frames() {
		below = below || frame.Func == "waits_here"
		r.names[id] = frame.Func
	}
	switch {
	case from == trace.GoRunning && to == trace.GoWaiting && below:
		r.waits[id] = &wait{reason: st.Reason, begin: by.Time(), waker: "-"}
	case from == trace.GoWaiting && to == trace.GoRunnable && r.waits[id] != nil:
		if waker := by.Goroutine(); waker != trace.NoGoroutine {
			r.waits[id].waker = r.names[waker]
			if by.Stack() == trace.NoStack {
				r.waits[id].waker = "without-a-stack"
			}
		}
	case to == trace.GoRunning && r.waits[id] != nil:
		w := r.waits[id]
		delete(r.waits, id)
		key := [2]string{w.reason, w.waker}
		if r.totals[key] == nil {
			r.totals[key] = &total{}
		}
		r.totals[key].count++
		r.totals[key].time += by.Time().Sub(w.begin)
	}
}

func read(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	reader, err := trace.NewReader(file)
	if err != nil {
		return err
	}
	r := reading{names: map[trace.GoID]string{}, waits: map[trace.GoID]*wait{},
		totals: map[[2]string]*total{}, waiting: map[trace.GoID]bool{}, said: map[string]int{}}
	for {
		event, err := reader.ReadEvent()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		r.events++
		if r.first == 0 {
			r.first = event.Time()
		}
		r.last = event.Time()
		switch event.Kind() {
		case trace.EventSync:
			r.generations++
		case trace.EventTaskBegin:
			r.tasks++
		case trace.EventLog:
			if log := event.Log(); strings.HasPrefix(log.Category, "evprof: ") {
				r.said[log.Category+" | "+log.Message]++
			}
		case trace.EventStateTransition:
			st := event.StateTransition()
			if st.Resource.Kind == trace.ResourceGoroutine {
				r.take(st, event)
			}
		}
	}
	for key, t := range r.totals {
		fmt.Printf("wait %s | %s | %d %.3f\n", key[0], key[1], t.count,
			float64(t.time)/1e6)
	}
	fmt.Printf("events %d\ngenerations %d\ngoroutines %d\ntasks %d\n", r.events,
		r.generations-1, len(r.names), r.tasks)
	for what, count := range r.said {
		fmt.Printf("said %d %s\n", count, what)
	}
	open := 0
	for _, is := range r.waiting {
		if is {
			open++
		}
	}
	fmt.Printf("preempted %d\noff %d\nopen %d\ncovered %d\n", r.preempted,
		r.off, open, r.last.Sub(r.first).Milliseconds())
	return nil
}

func main() {
	if err := read(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
