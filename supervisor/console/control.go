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

// maxImport bounds one import; 100,000 lines are about 15 MiB.
const maxImport = 256 << 20

// maxPage bounds one page of a listing.
const maxPage = 1000

// Control returns the handler of the control API. Errors are one line of text, with a status that tells their kind.
func Control(s Store, e ProcessControl, t Tracing, b FaultControl) http.Handler {
	mux := http.NewServeMux()
	faultRoutes(mux, b)
	processRoutes(mux, e)
	tracingRoutes(mux, t)
	storeRoutes(mux, s)
	mux.HandleFunc("POST /v1/credentials", func(w http.ResponseWriter, r *http.Request) {
		creds, err := ReadCredentials(http.MaxBytesReader(w, r.Body, maxImport))
		if err == nil {
			_, err = s.Import(r.Context(), creds)
		}
		writeResult(w, len(creds), err)
	})
	mux.HandleFunc("DELETE /v1/credentials", func(w http.ResponseWriter, r *http.Request) {
		key, err := domain.ParseKey(r.FormValue("realm"), r.FormValue("user"))
		there := false
		if err == nil {
			there, err = s.Delete(r.Context(), key)
		}
		writeResult(w, there, err)
	})
	mux.HandleFunc("GET /v1/credentials", func(w http.ResponseWriter, r *http.Request) {
		realm, after, limit := paging(r)
		creds, err := s.Credentials(r.Context(), realm, after, limit)
		writeResult(w, creds, err)
	})
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
	return mux
}

func paging(r *http.Request) (realm domain.Realm, after domain.Key, limit int) {
	limit, err := strconv.Atoi(r.FormValue("limit"))
	if err != nil || limit < 1 || limit > maxPage {
		limit = maxPage
	}
	after = domain.Key{Realm: domain.Realm(r.FormValue("after_realm")), User: domain.User(r.FormValue("after_user"))}
	return domain.Realm(r.FormValue("realm")), after, limit
}

func writeResult(w http.ResponseWriter, v any, err error) {
	if err != nil {
		writeText(w, status(err), err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the asker has gone
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

// requestTimeout bounds one request of the control API; an import of 100,000 lines takes a few seconds.
const requestTimeout = 2 * time.Minute

// inspectTimeout bounds how long a process has to show itself before it is shown as busy.
const inspectTimeout = time.Second
