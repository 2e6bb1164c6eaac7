package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"registrar/actors/otp"
)

// ErrStarting means that the processes are not there yet: the control socket is served first.
var ErrStarting = errors.New("the server is still starting")

// Engine is what the control API shows of the processes of a running registrar, and does with them.
type ProcessControl interface {
	// Tree returns the supervision tree as it is, an empty one while the server starts. The others answer [ErrStarting] then.
	Tree() otp.Node
	// Inspect looks at one process; ctx bounds how long its behaviour has to show itself.
	Inspect(ctx context.Context, process string) (otp.Info, error)
	// Suspend, Resume and Step are those of otp.App.
	Suspend(process string) error
	Resume(process string) error
	Step(process string) error
}

// Process is one process as it is shown: what its behaviour shows of itself is text here.
type Process struct {
	otp.Info
	BehaviourState string
}

// Controls are what can be done with one process.
func controls(e ProcessControl) map[string]func(string) error {
	return map[string]func(string) error{"suspend": e.Suspend, "resume": e.Resume, "step": e.Step}
}

func processRoutes(mux *http.ServeMux, e ProcessControl) {
	mux.HandleFunc("GET /v1/tree", func(w http.ResponseWriter, _ *http.Request) {
		root, err := e.Tree(), error(nil)
		if root.Name == "" {
			err = ErrStarting
		}
		writeResult(w, root, err)
	})
	mux.HandleFunc("GET /v1/process", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), inspectTimeout)
		defer cancel()
		info, err := e.Inspect(ctx, r.FormValue("name"))
		p := Process{Info: info}
		if info.BehaviourState != nil {
			p.BehaviourState = fmt.Sprintf("%+v", info.BehaviourState)
		}
		writeResult(w, p, err)
	})
	for verb, do := range controls(e) {
		mux.HandleFunc("POST /v1/process/"+verb, func(w http.ResponseWriter, r *http.Request) {
			writeResult(w, struct{}{}, do(r.FormValue("name")))
		})
	}
}

// Tree returns the supervision tree as it is.
func (c *Client) Tree(ctx context.Context) (n otp.Node, err error) {
	err = c.do(ctx, http.MethodGet, "/v1/tree", nil, nil, &n)
	return n, err
}

// Inspect looks at one process.
func (c *Client) Inspect(ctx context.Context, process string) (p Process, err error) {
	err = c.do(ctx, http.MethodGet, "/v1/process", url.Values{"name": {process}}, nil, &p)
	return p, err
}

// Control does verb (suspend, resume, step; kill, abandon) with a process.
func (c *Client) Control(ctx context.Context, verb, process string) error {
	var none struct{}
	return c.do(ctx, http.MethodPost, "/v1/process/"+verb, url.Values{"name": {process}}, nil, &none)
}
