// SPDX-License-Identifier: Apache-2.0

// usage: served FILE
// A server and its clients in Go, which write their execution trace to FILE:
// locks, channels, coroutines, system calls, the network, tasks, regions and
// CPU samples.
package main

import (
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"os"
	"runtime/pprof"
	"runtime/trace"
	"sync"
	"time"
)

var garbage [][]byte

func burn(d time.Duration) {
	for start := time.Now(); time.Since(start) < d; {
	}
}

func numbers() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := 0; i < 50 && yield(i); i++ {
		}
	}
}

type handler struct{ mutex sync.Mutex }

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, task := trace.NewTask(r.Context(), "request "+r.URL.Path)
	defer task.End()
	trace.WithRegion(ctx, "locked", func() {
		h.mutex.Lock()
		defer h.mutex.Unlock()
		burn(100 * time.Microsecond)
		garbage = append(garbage, make([]byte, 100000))
		if len(garbage) > 100 {
			garbage = nil
		}
	})
	trace.Log(ctx, "status", "200")
	fmt.Fprint(w, "ok")
}

func load(address string, wait *sync.WaitGroup) {
	defer wait.Done()
	for i := 0; i < 50; i++ {
		reply, err := http.Get(fmt.Sprintf("http://%s/page%d", address, i%3))
		if err != nil {
			panic(err)
		}
		io.Copy(io.Discard, reply.Body)
		reply.Body.Close()
	}
}

func channels() {
	c := make(chan int)
	go func() {
		for i := 0; i < 1000; i++ {
			c <- i
		}
		close(c)
	}()
	for range c {
	}
	next, stop := iter.Pull(numbers())
	for _, ok := next(); ok; _, ok = next() {
	}
	stop()
	for i := 0; i < 100; i++ {
		os.ReadFile("/proc/self/status")
	}
}

func main() {
	file, err := os.Create(os.Args[1])
	if err != nil {
		panic(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	pprof.StartCPUProfile(io.Discard)
	if err := trace.Start(file); err != nil {
		panic(err)
	}
	go http.Serve(listener, &handler{})
	var wait sync.WaitGroup
	for i := 0; i < 8; i++ {
		wait.Add(1)
		go load(listener.Addr().String(), &wait)
	}
	channels()
	wait.Wait()
	burn(1100 * time.Millisecond) // a generation is a second
	trace.Stop()
	pprof.StopCPUProfile()
	file.Close()
}
