package console

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// maxImport bounds an import in bytes; 100,000 credentials take about 15 MiB.
const maxImport = 256 << 20

// maxPage bounds the items in a page of a listing.
const maxPage = 1000

// Control returns the handler of the control API.
func Control(s Store, p ProcessControl, t Tracing, f FaultControl) http.Handler {
	mux := http.NewServeMux()
	faultRoutes(mux, f)
	processRoutes(mux, p)
	tracingRoutes(mux, t)
	storeRoutes(mux, s)
	credentialRoutes(mux, s)
	registrationRoutes(mux, s)
	return mux
}

func credentialRoutes(mux *http.ServeMux, s Store) {
	mux.HandleFunc("POST /v1/credentials", func(w http.ResponseWriter, r *http.Request) {
		creds, err := ReadCredentials(http.MaxBytesReader(w, r.Body, maxImport))
		if err == nil {
			_, err = s.Import(r.Context(), creds)
		}
		writeResult(w, len(creds), err)
	})
	mux.HandleFunc("DELETE /v1/credentials", func(w http.ResponseWriter, r *http.Request) {
		key, err := domain.ParseKey(r.FormValue("realm"), r.FormValue("user"))
		existed := false
		if err == nil {
			existed, err = s.Delete(r.Context(), key)
		}
		writeResult(w, existed, err)
	})
	mux.HandleFunc("GET /v1/credentials", func(w http.ResponseWriter, r *http.Request) {
		realm, after, limit := paging(r)
		creds, err := s.Credentials(r.Context(), realm, after, limit)
		writeResult(w, creds, err)
	})
}

func registrationRoutes(mux *http.ServeMux, s Store) {
	mux.HandleFunc("GET /v1/registrations", func(w http.ResponseWriter, r *http.Request) {
		realm, after, limit := paging(r)
		recs, err := s.Registrations(r.Context(), realm, after, limit)
		writeResult(w, recs, err)
	})
	mux.HandleFunc("GET /v1/registration", func(w http.ResponseWriter, r *http.Request) {
		key, err := domain.ParseKey(r.FormValue("realm"), r.FormValue("user"))
		var rec domain.Record
		if err == nil {
			rec, err = s.Registration(r.Context(), key)
		}
		writeResult(w, rec, err)
	})
	mux.HandleFunc("DELETE /v1/registrations", func(w http.ResponseWriter, r *http.Request) {
		realm, err := domain.ParseRealm(r.FormValue("realm"))
		n := 0
		if err == nil {
			n, err = s.Flush(r.Context(), realm, domain.User(r.FormValue("user")))
		}
		writeResult(w, n, err)
	})
}

// paging returns the parameters of a listing. A missing or excessive limit becomes maxPage.
func paging(r *http.Request) (realm domain.Realm, after domain.Key, limit int) {
	limit, err := strconv.Atoi(r.FormValue("limit"))
	if err != nil || limit < 1 || limit > maxPage {
		limit = maxPage
	}
	after = domain.Key{Realm: domain.Realm(r.FormValue("after_realm")), User: domain.User(r.FormValue("after_user"))}
	return domain.Realm(r.FormValue("realm")), after, limit
}

// writeResult writes v as JSON, or err as a line of text.
func writeResult(w http.ResponseWriter, v any, err error) {
	if err != nil {
		writeText(w, status(err), err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // an error means that the client has gone
}

func status(err error) int {
	switch {
	case errors.Is(err, otp.ErrNoProcess):
		return http.StatusNotFound
	case errors.Is(err, ErrFaultsNotAllowed):
		return http.StatusForbidden
	case errors.Is(err, otp.ErrNotSuspended), errors.Is(err, ErrNotRecorded):
		return http.StatusConflict
	case errors.Is(err, ErrStarting):
		return http.StatusServiceUnavailable
	}
	switch domain.KindOf(err) {
	case domain.Invalid:
		return http.StatusBadRequest
	case domain.NotFound:
		return http.StatusNotFound
	case domain.Conflict:
		return http.StatusConflict
	case domain.Overloaded:
		return http.StatusTooManyRequests
	case domain.Unavailable:
		return http.StatusServiceUnavailable
	case domain.Full:
		return http.StatusInsufficientStorage
	case domain.Internal:
	}
	return http.StatusInternalServerError
}

// requestTimeout bounds a request of the control API. An import of 100,000 credentials takes a few
// seconds.
const requestTimeout = 2 * time.Minute

// inspectTimeout bounds the wait for the state of a process; after it the process is shown as
// busy.
const inspectTimeout = time.Second
