// SPDX-License-Identifier: Apache-2.0

// What the engines are made of, as far as it takes profiles in: Pyroscope's
// published API (its generated messages and Connect handler), and for Parca
// grpc-go behind a plain HTTP/2 handler or TLS, with a user interface behind it
// that answers everything else with a page. Profiles are read by google/pprof.
//
// usage: peers COUNT KINDS. It prints four ports and its certificate's file, takes
// COUNT profiles of each of KINDS types and ways, and then prints what they said.
package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect"
	"github.com/google/pprof/profile"
	pushv1 "github.com/grafana/pyroscope/api/gen/proto/go/push/v1"
	"github.com/grafana/pyroscope/api/gen/proto/go/push/v1/pushv1connect"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/emptypb"
)

// One that came, as a line: way, labels, and what google/pprof says of it.
type store struct {
	sync.Mutex
	lines  []string
	counts map[string]int
	wanted int
	done   chan struct{}
}

func describe(p *profile.Profile) string {
	sums := make([]int64, len(p.SampleType))
	at := map[string]bool{}
	for _, s := range p.Sample {
		for i, v := range s.Value {
			sums[i] += v
		}
		for _, l := range s.Location {
			for _, line := range l.Line {
				if line.Function.Name == "burn_for_push" {
					at[fmt.Sprintf("%s:%d", line.Function.Name, line.Line)] = true
				}
			}
		}
	}
	var text []string
	for i, t := range p.SampleType {
		text = append(text, fmt.Sprintf("%s/%s=%d", t.Type, t.Unit, sums[i]))
	}
	var places []string
	for place := range at {
		places = append(places, place)
	}
	sort.Strings(places)
	return fmt.Sprintf("%s samples=%d duration=%d at=%s", strings.Join(text, " "),
		len(p.Sample), p.DurationNanos, strings.Join(places, ","))
}

// Keeps a profile; an error when it is none that google/pprof takes.
func (s *store) keep(way string, labels map[string]string, raw []byte) error {
	p, err := profile.Parse(bytes.NewReader(raw))
	if err == nil {
		err = p.CheckValid()
	}
	if err != nil {
		return err
	}
	var said []string
	for name, value := range labels {
		said = append(said, name+"="+value)
	}
	sort.Strings(said)
	s.Lock()
	defer s.Unlock()
	s.lines = append(s.lines, fmt.Sprintf("%s {%s} %s", way, strings.Join(said, ","), describe(p)))
	kind := way + labels["service_name"] + labels["__name__"]
	s.counts[kind]++
	if s.counts[kind] == s.wanted {
		s.done <- struct{}{}
	}
	return nil
}

// ---- Pyroscope ----

type pyroscope struct{ *store }

func (s pyroscope) Push(_ context.Context, req *connect.Request[pushv1.PushRequest]) (*connect.Response[pushv1.PushResponse], error) {
	for _, series := range req.Msg.Series {
		labels := map[string]string{}
		for _, l := range series.Labels {
			labels[l.Name] = l.Value
		}
		for _, sample := range series.Samples {
			if err := s.keep("pyroscope", labels, sample.RawProfile); err != nil {
				return nil, connect.NewError(connect.CodeInvalidArgument, err)
			}
		}
	}
	return connect.NewResponse(&pushv1.PushResponse{}), nil
}

// ---- Parca ----

// Fields of the message by their number; Parca's schema is public.
func fields(message []byte, visit func(protowire.Number, []byte)) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 || kind != protowire.BytesType {
			return fmt.Errorf("field %d is of kind %d", number, kind)
		}
		value, m := protowire.ConsumeBytes(message[n:])
		if m < 0 {
			return protowire.ParseError(m)
		}
		visit(number, value)
		message = message[n+m:]
	}
	return nil
}

// The messages stay bytes.
type bytesCodec struct{}

func (bytesCodec) Name() string { return "proto" }
func (bytesCodec) Marshal(v any) ([]byte, error) {
	if _, isEmpty := v.(*emptypb.Empty); isEmpty {
		return nil, nil
	}
	return nil, fmt.Errorf("no answer is a %T", v)
}
func (bytesCodec) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}

func (s *store) writeRaw(request []byte) error {
	var failure error
	note := func(err error) {
		if failure == nil {
			failure = err
		}
	}
	note(fields(request, func(number protowire.Number, series []byte) {
		labels := map[string]string{}
		note(fields(series, func(number protowire.Number, value []byte) {
			if number == 1 {
				note(fields(value, func(_ protowire.Number, label []byte) {
					var pair [2]string
					note(fields(label, func(number protowire.Number, text []byte) { pair[number-1] = string(text) }))
					labels[pair[0]] = pair[1]
				}))
				return
			}
			note(fields(value, func(_ protowire.Number, raw []byte) { note(s.keep("parca", labels, raw)) }))
		}))
	}))
	return failure
}

func parca(s *store) http.Handler {
	server := grpc.NewServer(grpc.ForceServerCodec(bytesCodec{}))
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "parca.profilestore.v1alpha1.ProfileStoreService",
		HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{
			MethodName: "WriteRaw",
			Handler: func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
				var request []byte
				if err := decode(&request); err != nil {
					return nil, err
				}
				if err := s.writeRaw(request); err != nil {
					return nil, status.Error(codes.InvalidArgument, err.Error())
				}
				return &emptypb.Empty{}, nil
			},
		}},
	}, s)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
			server.ServeHTTP(w, r)
			return
		}
		fmt.Fprint(w, "<!doctype html><title>Parca</title>")
	})
}

// ---- Listening ----

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(handler http.Handler, config *tls.Config) int {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	server := &http.Server{Handler: handler, Protocols: protocols, TLSConfig: config}
	if config != nil {
		go server.ServeTLS(listener, "", "")
	} else {
		go server.Serve(listener)
	}
	return listener.Addr().(*net.TCPAddr).Port
}

// A proxy that speaks HTTP/1.1, as most do, and opens ways by CONNECT.
func proxy() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			http.Error(w, "only CONNECT", http.StatusMethodNotAllowed)
			return
		}
		to, err := net.Dial("tcp", r.Host)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		from, buffered, err := w.(http.Hijacker).Hijack()
		must(err)
		fmt.Fprint(from, "HTTP/1.1 200 OK\r\n\r\n")
		go func() {
			io.Copy(to, buffered)
			to.Close()
		}()
		go func() {
			io.Copy(from, to)
			from.Close()
		}()
	})
}

// A certificate for localhost that signs itself, also as a file.
func certify() (*tls.Config, string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(err)
	file, err := os.CreateTemp("", "evprof_peers_*.pem")
	must(err)
	must(pem.Encode(file, &pem.Block{Type: "CERTIFICATE", Bytes: der}))
	must(file.Close())
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, file.Name()
}

func main() {
	wanted, err := strconv.Atoi(os.Args[1])
	must(err)
	kinds, err := strconv.Atoi(os.Args[2])
	must(err)
	s := &store{counts: map[string]int{}, wanted: wanted, done: make(chan struct{}, 64)}
	mux := http.NewServeMux()
	mux.Handle(pushv1connect.NewPusherServiceHandler(pyroscope{s}))
	config, file := certify()
	defer os.Remove(file)
	fmt.Println(serve(mux, nil), serve(parca(s), nil), serve(parca(s), config), serve(proxy(), nil), file)
	for i := 0; i < kinds; i++ {
		select {
		case <-s.done:
		case <-time.After(60 * time.Second):
			fmt.Println("not all have come")
		}
	}
	s.Lock()
	fmt.Println(strings.Join(s.lines, "\n"))
}
